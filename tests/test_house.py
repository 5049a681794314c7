"""The house stands as drawn: every room imports only from rooms below it, and nothing goes in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "styleshift"

# From the ground up. A room is a folder or a file of the package; where a longer name fits, it counts.
# A new room goes above all that it needs, and below all that will need it.
FLOORS = (
    "arrays",
    "errors",
    "words",
    "progress",
    "validation",
    "user_settings",
    "workspace",
    "system",
    "remote",
    "frontend",
    "voice",
    "pages",
    "hooks",
    "engines",
    "recipes",
    "audio",
    "networks",
    "corpus",
    "evaluation",
    "training",
    "bundle",
    "runtimes",
    "models",
    "scaffold",
    "vocoders",
    "conversion.limits",
    "conversion.settings",
    "conversion.track",
    "conversion.library",
    "conversion.api",
    "testing",
    "studio",
    "cli",
    "__main__",
)


@dataclass(frozen=True)
class Import:
    """One import of a module of ours by another, without the package's own name."""

    importer: str
    imported: str
    line: int
    for_types: bool  # for the type checker alone


def modules() -> dict[str, Path]:
    """Every module by its name below the package; the package's own is left out."""
    found = {}
    for path in PACKAGE.rglob("*.py*"):
        if path.suffix not in (".py", ".pyi"):  # the latter stand for what is built from C++
            continue
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


MODULES = modules()


def imports(name: str, path: Path) -> Iterator[Import]:
    """Every import of ours, also those in functions and for the type checker."""

    def walk(node: ast.AST, for_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            for target in targets(child):
                if target in MODULES and target != name:
                    yield Import(name, target, child.lineno, for_types)  # type: ignore[attr-defined]
            yield from walk(child, for_types or typing)

    yield from walk(ast.parse(path.read_text("utf-8")), False)


def targets(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (each.name.removeprefix("styleshift.") for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        package, _, rest = node.module.partition(".")
        if package == "styleshift":
            for each in node.names:
                inner = f"{rest}.{each.name}" if rest else each.name
                yield inner if inner in MODULES else rest


def room(module: str) -> str | None:
    fitting = [each for each in FLOORS if module == each or module.startswith(f"{each}.")]
    return max(fitting, key=len, default=None)


ALL = [found for name, path in MODULES.items() for found in imports(name, path)]


def test_every_module_has_its_room_and_every_room_is_there() -> None:
    # A folder whose parts are rooms of their own holds nothing else.
    homeless = {
        name
        for name in MODULES
        if room(name) is None and not any(each.startswith(f"{name}.") for each in FLOORS)
    }
    assert not homeless, "not in FLOORS"
    assert {room(name) for name in MODULES} - {None} == set(FLOORS), "in FLOORS, but not in the package"


def test_imports_point_down() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.imported}"
        for each in ALL
        if (above := room(each.importer)) != (below := room(each.imported))
        and above is not None
        and below is not None
        and FLOORS.index(below) > FLOORS.index(above)
    ]
    assert not wrong


def test_no_circle_of_imports() -> None:
    """Nor one that an import in a function hides, between rooms or within one."""
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for each in ALL:
        if not each.for_types:
            graph[each.importer].add(each.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_only_the_commands_print_and_exit() -> None:
    speaking = []
    for name, path in MODULES.items():
        if room(name) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "quit"):
                speaking.append(f"{name}:{node.lineno}")
    assert not speaking
