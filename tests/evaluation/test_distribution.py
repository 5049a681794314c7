"""What is heard of a population: flicker and decay, each without the other."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from styleshift.evaluation.distribution import TargetDistribution, decays, onsets
from styleshift.evaluation.features import FRAME_RATE, Features
from styleshift.evaluation.metrics import frechet_distance, population


def notes(*, fade: float, flicker: float = 0.0, seed: int = 0) -> Features:
    """Eight notes of half a second, 24 dB up from silence, falling by ``fade`` dB a second."""
    random = np.random.default_rng(seed)
    length = round(0.5 * FRAME_RATE)
    level = np.concatenate([-fade * np.arange(length) / FRAME_RATE for _ in range(8)])
    shape = 12 * np.cos(np.linspace(0, 3, 80))[None] + random.normal(0, 1, (1, 80))
    log_mel = level[:, None] + shape + flicker * random.standard_normal((8 * length, 80))
    log_mel[:2] = log_mel[length - 2 : length] - 24
    for start in range(length, 8 * length, length):
        log_mel[start - 2 : start] -= 24
    return Features(log_mel.astype(np.float32), np.zeros((8 * length // 2, 12), np.float32))


def several(**how: float) -> list[Features]:
    return [notes(seed=seed, **how) for seed in range(4)]  # type: ignore[arg-type]


def test_notes_are_found_and_how_fast_they_fade() -> None:
    found = notes(fade=40)
    begins = [round(number * 0.5 * FRAME_RATE) for number in range(1, 8)]
    assert len(onsets(found.log_mel)) == pytest.approx(7, abs=1)
    assert all(min(abs(frame - begin) for begin in begins) <= 4 for frame in onsets(found.log_mel)[1:])
    slopes = np.median(decays([found]), axis=0)
    assert slopes == pytest.approx([-4, -8, -12], abs=2.5)
    assert decays([Features(np.full((200, 80), -50, np.float32), np.zeros((100, 12), np.float32))]).shape == (
        0,
        3,
    )


def test_each_term_hears_its_own_fault() -> None:
    style = TargetDistribution(several(fade=40, flicker=0.5))
    distances = partial(style.distances)
    right = distances(several(fade=40, flicker=0.5))
    held = distances(several(fade=0, flicker=0.5))
    hissing = distances(several(fade=40, flicker=4))
    assert max(right[name] for name in ("spectrum", "dynamics", "flicker")) < 0.1
    assert right["decay"] < 0.5
    assert held["decay"] > 5
    assert hissing["flicker"] > 100 * right["flicker"] + 1
    assert hissing["decay"] < 4


def test_patches_are_the_distance_that_evaluate_gives() -> None:
    style, other = several(fade=40), several(fade=20)
    expected = frechet_distance(population(other), population(style))
    assert TargetDistribution(style).distances(other)["patches"] == pytest.approx(expected)
    assert expected > 1


def test_without_notes_there_is_no_decay() -> None:
    style = TargetDistribution(several(fade=40))
    still = Features(np.full((200, 80), -50, np.float32), np.zeros((100, 12), np.float32))
    assert math.isnan(style.distances([still])["decay"])
