"""Lets the tests run from a checkout in which this package is not installed."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

SOURCES = str(Path(__file__).parent.parent / "src")
if importlib.util.find_spec("styleshift_ray") is None:
    sys.path.insert(0, SOURCES)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as ``pip install`` would leave it: found by its entry point."""
    from styleshift.hooks.registry import load_registry

    about = tmp_path / "site" / "styleshift_ray-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: styleshift-ray\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text("[styleshift]\nray = styleshift_ray\n")
    monkeypatch.syspath_prepend(str(about.parent))
    # Ray's processes are begun anew, and find the package, too.
    path = [SOURCES, str(about.parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    load_registry.cache_clear()
    yield
    load_registry.cache_clear()
