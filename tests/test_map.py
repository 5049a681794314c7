"""The map of the house in CONTRIBUTING.md: every folder has its line (what imports what: test_house.py)."""

from __future__ import annotations

import ast
import re
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
    packages = {path.parent for path in PACKAGE.glob("*/__init__.py")}
    inside = {path.relative_to(REPOSITORY).as_posix() for path in packages}
    missing = sorted((top - {"styleshift"} | inside) - set(ROOMS))
    assert not missing, f"give each of these a line in CONTRIBUTING.md: {missing}"


def test_every_line_of_the_map_is_a_folder() -> None:
    assert [room for room in ROOMS if not (REPOSITORY / room).is_dir()] == []
    assert len(ROOMS) == len(set(ROOMS))


def test_a_test_stands_where_its_module_leads_or_says_which_module_it_is_of() -> None:
    tests = REPOSITORY / "tests"
    lost = []
    for path in sorted(tests.glob("*/**/test_*.py")):
        place = PACKAGE / path.relative_to(tests).parent
        if not place.is_dir():  # of benchmarks, plugins or tools
            continue
        module = place / path.stem.removeprefix("test_")
        if module.is_dir() or module.with_suffix(".py").exists():
            continue
        said = re.findall(
            r"styleshift\.[\w.]*\w", ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        )
        named = [REPOSITORY.joinpath(*name.split(".")) for name in said]
        if not any(module.is_dir() or module.with_suffix(".py").exists() for module in named):
            lost.append(str(path.relative_to(REPOSITORY)))
    assert not lost, f'name the module in the docstring, as "Of styleshift.room.module.": {lost}'
