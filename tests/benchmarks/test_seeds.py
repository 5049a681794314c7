"""The benchmark of seeds keeps what it made, and makes anew what was made with other settings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import seeds


def test_a_kept_row_is_of_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained: list[tuple[list[str], int]] = []

    def train(*words: object) -> Path:
        *_, settings, seed = words
        assert isinstance(settings, list)
        assert isinstance(seed, int)
        trained.append((settings, seed))
        return tmp_path

    def measure(*_: object, voices: bool) -> dict[str, float]:
        return dict.fromkeys(seeds.FIGURES, float(len(trained)))

    monkeypatch.setattr(seeds, "precompute", lambda *_: None)
    monkeypatch.setattr(seeds, "train", train)
    monkeypatch.setattr(seeds, "convert", lambda *_: tmp_path)
    monkeypatch.setattr(seeds, "measure", measure)

    def run(*words: str) -> str:
        command = ["seeds.py", str(tmp_path), "a", "b", "--work", str(tmp_path), "--seeds", "0", "1", *words]
        monkeypatch.setattr(sys, "argv", command)
        seeds.main()
        return capsys.readouterr().out

    first = run()
    assert trained == [([], 0), ([], 1)]
    assert "| a to b | mean ± deviation | 1.50 ± 0.71 |" in first
    assert run() == first
    assert len(trained) == 2
    run("--set", "loss.gan=0.5")
    assert trained[2:] == [(["loss.gan=0.5"], 0), (["loss.gan=0.5"], 1)]
