"""The map of the house in CONTRIBUTING.md: every folder has its line, and imports go up the table only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "styleshift"
ROOMS = re.findall(r"^\| `([\w/]+)/` \| .+ \|$", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.MULTILINE)
# Folders of the repository that hold nothing of ours to look for.
MADE = {"build", "dist", "site", "demo", "styleshift-workspace"}


def test_every_folder_is_on_the_map() -> None:
    top = {
        path.name
        for path in REPOSITORY.iterdir()
        if path.is_dir() and path.name[0] not in "._" and path.name not in MADE
    }
    packages = {path.parent for path in PACKAGE.glob("*/**/__init__.py")}
    inside = {path.relative_to(REPOSITORY).as_posix() for path in packages}
    missing = sorted((top - {"styleshift"} | inside) - set(ROOMS))
    assert not missing, f"give each of these a line in CONTRIBUTING.md: {missing}"


def test_every_line_of_the_map_is_a_folder() -> None:
    assert [room for room in ROOMS if not (REPOSITORY / room).is_dir()] == []
    assert len(ROOMS) == len(set(ROOMS))


def test_each_folder_imports_only_from_those_above_it() -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {module}, which stands below it"
        for path in sorted(PACKAGE.rglob("*.py"))
        if (here := room_of(path.parent))
        for module in imported(path)
        if (there := room_of(folder_of(module))) and ROOMS.index(there) > ROOMS.index(here)
        # A room holds its own rooms.
        if not there.startswith(f"{here}/")
    ]
    assert wrong == []


def room_of(folder: Path) -> str:
    """The room that holds a folder, as the map names it; empty for the package itself."""
    for place in (folder, *folder.parents):
        if (name := place.relative_to(REPOSITORY).as_posix()) in ROOMS:
            return name
        if place == PACKAGE:
            return ""
    raise AssertionError(folder)


def folder_of(module: str) -> Path:
    """Where a module lies."""
    path = REPOSITORY.joinpath(*module.split("."))
    return path if path.is_dir() else path.parent


def imported(path: Path) -> Iterator[str]:
    """Modules of styleshift that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "styleshift":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "styleshift")
