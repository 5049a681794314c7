"""A model where the command finds it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def model(models: ModuleType, tmp_path: Path) -> Path:
    """In the workspace of ``tmp_path``, where the command runs: changes nothing."""
    made: Path = models.make_model(tmp_path / "styleshift-workspace" / "models" / "m.onnx")
    return made
