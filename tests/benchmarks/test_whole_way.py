"""The benchmark's commands see the benchmark's folders and no settings of whoever runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import whole_way


def test_settings_of_the_environment_do_not_reach_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for domain in ("a", "b"):
        (tmp_path / "audio" / domain).mkdir(parents=True)
        noise = 0.1 * np.random.default_rng(0).standard_normal(22050 * 3)
        soundfile.write(tmp_path / "audio" / domain / "0.wav", noise, 22050)
    monkeypatch.setenv("STYLESHIFT_WORKSPACE", str(tmp_path / "mine"))
    monkeypatch.setenv("STYLESHIFT_RECIPE", "seed")
    work = tmp_path / "work"
    work.mkdir()
    whole_way.styleshift(work, "precompute", tmp_path / "audio", "--jobs", 1)
    assert sorted(path.name for path in (work / whole_way.WORKSPACE / "spectrograms").glob("[ab]")) == [
        "a",
        "b",
    ]
    assert not (tmp_path / "mine").exists()
