"""The log of a run: speeds, and disks that fail."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from reporters import Told

from styleshift.training.curves import loss_in_words
from styleshift.training.log import Log


def state(step: int, seconds: float) -> Any:
    optimiser = SimpleNamespace(param_groups=[{"lr": torch.tensor(0.5, dtype=torch.float64)}])
    return SimpleNamespace(step=step, seconds=seconds, generator_optimiser=optimiser)


def test_the_speed_of_a_run_that_goes_on_is_that_of_its_new_steps(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", "", 600.0)
    figures = log.write(state(104, 602.0), ["g_loss_x2y", "g_loss_y2x"], torch.ones(4, 2))
    assert figures == {"steps/s": 2.0, "generator": 2.0}
    assert json.loads((tmp_path / "log").read_text())["steps_per_second"] == 2.0


def test_the_learning_rate_is_a_number_for_the_log_and_for_trackers(tmp_path: Path) -> None:
    shown: list[dict[str, float]] = []
    log = Log(tmp_path / "log", "", show=lambda step, figures: shown.append(figures))
    log.write(state(1, 1.0), ["cycle_x"], torch.ones(1, 1))
    assert json.loads((tmp_path / "log").read_text())["lr"] == 0.5
    assert type(shown[0]["lr/generators"]) is float


def test_people_read_the_discriminators_and_the_domains_names(tmp_path: Path) -> None:
    pair = ("violin", "piano")
    words = {
        "g_loss_x2y": ("generator", "violin to piano"),
        "g_loss_y_cycled": ("generator", "piano there and back"),
        "cycle_y": ("cycle", "piano"),
        "d_loss_x": ("discriminator", "violin"),
        "d_loss_x_cycled": ("discriminator", "violin there and back"),
        "patch_nce_y2x": ("patch nce", "piano to violin"),
    }
    assert {name: loss_in_words(name, pair) for name in words} == words
    figures = Log(tmp_path / "log", "").write(state(1, 1.0), ["d_loss_x", "d_loss_y"], torch.ones(1, 2))
    assert figures == {"steps/s": 1.0, "discriminator": 2.0}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_of_once() -> None:
    reporter = Told()
    log = Log(Path("/dev/full"), "", reporter=reporter)
    log.event("start")
    log.write(state(1, 1.0), ["cycle_x"], torch.ones(1, 1))
    assert len(reporter.warnings) == 1
    assert "No space left" in reporter.warnings[0]
    assert "training continues" in reporter.warnings[0]


def test_a_line_that_was_cut_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text('{"event": "a"}\n{"event": "b')
    log = Log(path, "")
    log.event("c")
    log.event("d")
    lines = path.read_text().split("\n")
    assert lines[:2] == ['{"event": "a"}', '{"event": "b']
    assert [json.loads(line)["event"] for line in lines[2:-1]] == ["c", "d"]
    assert lines[-1] == ""
