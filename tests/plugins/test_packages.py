"""The in-tree plugins as packages: each is complete by itself, and the registry takes all of them."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

from styleshift.hooks.registry import ENTRY_POINT_GROUP, Registry
from styleshift.testing import check_plugin

PLUGINS = Path(__file__).parents[2] / "plugins"
FOLDERS = sorted(file.parent for file in PLUGINS.glob("*/pyproject.toml"))


@pytest.fixture(autouse=True)
def _sources(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in FOLDERS:
        monkeypatch.syspath_prepend(str(folder / "src"))


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def test_there_is_one_of_each_kind():
    kinds = set()
    for folder in FOLDERS:
        for module in project(folder)["entry-points"][ENTRY_POINT_GROUP].values():
            kinds |= {shelf.kind for shelf in check_plugin(module).shelves() if shelf.specs()}
    networks, sound = {"generator", "loss", "augmentation", "recipe"}, {"vocoder", "runtime"}
    assert kinds >= {"domain source", "engine", *networks, *sound}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_is_a_package_of_its_own(folder):
    described = project(folder)
    assert described["name"] == folder.name
    assert described["license"] == "MIT"
    assert any(word.startswith("styleshift>=") for word in described["dependencies"])
    for name in ("README.md", "LICENSE", "tests"):
        assert (folder / name).exists(), name
    assert f"pip install ./plugins/{folder.name}" in (folder / "README.md").read_text()


def test_all_of_them_and_the_built_ins_get_along():
    from styleshift.hooks.registry import BUILT_IN_MODULES

    registry = Registry()
    for module in BUILT_IN_MODULES:
        registry.register(importlib.import_module(module), "styleshift", "0")
    for folder in FOLDERS:
        for module in project(folder)["entry-points"][ENTRY_POINT_GROUP].values():
            registry.register(importlib.import_module(module), folder.name, "0")
    brought = {
        name: entry.package
        for shelf in registry.shelves()
        for name, entry in shelf.entries().items()
        if entry.package != "styleshift"
    }
    assert brought == {
        "midi": "styleshift-midi",
        "unet": "styleshift-unet",
        "agla": "styleshift-phase",
        "admm": "styleshift-phase",
        "openvino": "styleshift-openvino",
        "openvino-bfloat16": "styleshift-openvino",
        "ray": "styleshift-ray",
        "vocos": "styleshift-vocos",
        "tags": "styleshift-tags",
        "chroma": "styleshift-live",
        "room": "styleshift-live",
        "hiss": "styleshift-live",
        "live": "styleshift-live",
    }
