"""Packages that look installed: a module beside its metadata, in a folder on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packages import write_package

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package for one test: ``install("name", "source", into="")`` returns the folder it is in."""
    before = set(sys.modules)

    def write(package: str, source: str, *, into: str = "", **more: str) -> Path:
        site = tmp_path / into
        site.mkdir(exist_ok=True)
        monkeypatch.syspath_prepend(str(site))
        return write_package(site, package, source, **more)

    yield write  # type: ignore[misc]
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]
