"""Sums over loud frames, against all frames at once."""

from __future__ import annotations

import numpy as np

from styleshift.voice.loud_frames import LOUD, LoudFrames


def test_frames_far_below_the_loudest_do_not_count_whenever_it_comes() -> None:
    random = np.random.default_rng(0)
    levels = random.integers(0, 60, 400)  # of a quarter each
    numbers = random.normal(size=(400, 7))
    sums = LoudFrames(7, floor=-9.2)
    for start in range(0, 400, 37):
        sums.add(-9.2 + (levels[start : start + 37] + 0.5) / 4, numbers[start : start + 37])
    loud = levels >= levels.max() - 4 * LOUD
    assert 50 < loud.sum() < 350
    np.testing.assert_allclose(sums.total(), numbers[loud].sum(axis=0), atol=1e-12)
    assert LoudFrames(3, floor=-9.2).total().tolist() == [0, 0, 0]
