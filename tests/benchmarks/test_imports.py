"""What the benchmarks take from the library is there: nothing else runs most of them."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import whole_way

FOLDER = Path(whole_way.__file__).parent


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_each_benchmark_can_be_imported(name: str) -> None:
    importlib.import_module(name)
