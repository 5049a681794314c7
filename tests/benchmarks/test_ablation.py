"""The benchmark's commands see the benchmark's folders and no settings of whoever runs it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile


@pytest.fixture
def ablation() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "ablation.py"
    spec = importlib.util.spec_from_file_location("ablation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings_of_the_environment_do_not_reach_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ablation: ModuleType
) -> None:
    for domain in ("a", "b"):
        (tmp_path / "audio" / domain).mkdir(parents=True)
        noise = 0.1 * np.random.default_rng(0).standard_normal(22050 * 3)
        soundfile.write(tmp_path / "audio" / domain / "0.wav", noise, 22050)
    monkeypatch.setenv("STYLESHIFT_WORKSPACE", str(tmp_path / "mine"))
    monkeypatch.setenv("STYLESHIFT_RECIPE", "seed")
    work = tmp_path / "work"
    work.mkdir()
    ablation.styleshift(work, "precompute", tmp_path / "audio", "--jobs", 1)
    assert sorted(path.name for path in (work / ablation.WORKSPACE / "spectrograms").glob("[ab]")) == [
        "a",
        "b",
    ]
    assert not (tmp_path / "mine").exists()
