"""Speech is spoilt as much as is said, and in nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from spoil import averaged, flattened, noisy, swapped

from styleshift.recipes import load_recipe
from styleshift.voice.pitch import PitchShifter

CONFIG = load_recipe("voice").spectrogram
LOG = np.random.default_rng(1).uniform(2, 5, (50, CONFIG.bins)).astype(np.float32)  # far from the floor


@pytest.mark.parametrize("below", [20, 5])
def test_noise_is_at_the_said_level(below: float) -> None:
    wave = (0.3 * np.sin(np.arange(32000))).astype(np.float32)
    noise = noisy(wave, below) - wave
    assert 10 * np.log10(np.mean(wave**2) / np.mean(noise**2)) == pytest.approx(below, abs=0.1)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.03  # white


@pytest.mark.parametrize("frames", [5, 21])
def test_an_average_keeps_the_mean_and_is_that_of_the_frames_around(frames: int) -> None:
    found = averaged(LOG, frames)
    assert found.shape == LOG.shape
    assert_allclose(found.mean(axis=0), LOG.mean(axis=0), rtol=1e-5)
    assert_allclose(found[25], LOG[25 - frames // 2 : 26 + frames // 2].mean(axis=0), rtol=1e-5)


def test_swapped_pieces_hold_the_same_frames() -> None:
    numbers = np.arange(50, dtype=np.float32)[:, None]
    found = swapped(numbers, 12)[:, 0].astype(int).tolist()
    # Two pairs of pieces; the last two frames have nothing to be swapped with.
    assert found == [*range(12, 24), *range(12), *range(36, 48), *range(24, 36), 48, 49]
    assert sorted(swapped(numbers[:47], 12)[:, 0]) == list(range(47))  # the fourth is cut


def test_envelopes_go_towards_their_mean_and_levels_stay() -> None:
    shifter = PitchShifter(CONFIG)

    def envelopes(log: np.ndarray) -> np.ndarray:
        return shifter.log(log) @ shifter.envelope.T

    some, most = (shifter.log(flattened(LOG, share, shifter)) - shifter.log(LOG) for share in (0.7, 0.2))
    assert_allclose(flattened(LOG, 1.0, shifter), LOG, atol=1e-4)
    assert_allclose(some.mean(axis=0), 0, atol=1e-4)
    assert_allclose(some.mean(axis=1), 0, atol=1e-3)
    assert_allclose(most, some * (0.8 / 0.3), atol=1e-3)
    # What is smooth stays within what an envelope is; its spread shrinks.
    before, after = (envelopes(log).std(axis=0).mean() for log in (LOG, flattened(LOG, 0.2, shifter)))
    assert after < 0.4 * before


def test_spoiling_leaves_what_it_was_given() -> None:
    given = LOG.copy()
    for spoilt in (averaged(given, 5), swapped(given), flattened(given, 0.5, PitchShifter(CONFIG))):
        assert spoilt is not given
    assert_array_equal(given, LOG)
