"""The reference pages say what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from styleshift.hooks import load_registry
from styleshift.recipes.schema import recipe_keys

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", REPOSITORY / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_follow_from_the_code(reference: ModuleType) -> None:
    for name, text in reference.pages().items():
        written = (REPOSITORY / "docs" / "reference" / name).read_text("utf-8")
        assert written == text, f"docs/reference/{name} is out of date: run `make reference`"


def test_a_command_is_shown_whole(reference: ModuleType) -> None:
    page = reference.commands_page()
    train = page[page.index("## styleshift train") : page.index("## styleshift export")]
    command = reference.typer.main.get_command(reference.app).commands["train"]
    for parameter in command.params:
        for option in parameter.opts:
            assert f"`{option}`" in train
    assert "styleshift train --resume" in train


def test_every_key_of_a_recipe_is_shown_with_its_values(reference: ModuleType) -> None:
    page = reference.recipes_page()
    for setting in recipe_keys():
        assert f"| `{setting.key.rpartition('.')[2]}` |" in page or "." not in setting.key
    (row,) = re.findall(r"^\| `crop_frames` \|.*$", page, re.MULTILINE)
    assert {"`3000`", "`256`"} <= set(row.split())  # of `seed` and of `small`
    for name in load_registry().generators.entries():
        assert f"### Generator `{name}`" in page
