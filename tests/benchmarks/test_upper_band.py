"""The benchmark of the band above the model's judges every way by the same frames."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Judge = Callable[[np.ndarray, np.ndarray, float], tuple[float, float]]


@pytest.fixture
def judge(repository: Path) -> Judge:
    found: Judge = runpy.run_path(str(repository / "benchmarks" / "upper_band.py"))["judge"]
    return found


def test_the_distance_is_the_mean_of_all_frames(judge: Judge) -> None:
    """The truth is 20 dB above the floor in one frame of four: silence is 20 dB / 4 away."""
    truth = np.zeros((4, 30))
    truth[1] = 1e-2
    assert judge(np.zeros_like(truth), truth, 1.0)[0] == pytest.approx(5.0)
    assert judge(truth, truth, 1.0) == (0.0, 0.0)


def test_sound_in_the_wrong_place_makes_it_worse_not_better(judge: Judge) -> None:
    truth = np.zeros((100, 30))
    truth[:10] = 0.02
    silence, wrong = np.zeros_like(truth), np.zeros_like(truth)
    wrong[10:] = 0.0015  # faint, and where there is nothing
    assert judge(wrong, truth, 1.0)[0] > judge(silence, truth, 1.0)[0] > 0
