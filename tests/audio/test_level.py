from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from styleshift.audio.level import REFERENCE_LEVEL_DB, LevelMeter, gain_to_reference


def gated_level(blocks: list[Any], sample_rate: int) -> float | None:
    meter = LevelMeter(sample_rate, blocks[0].shape[1] if blocks else 1)
    for block in blocks:
        meter.push(block)
    return meter.level_db


def test_a_sine_is_three_decibels_below_its_peak(tone: Any) -> None:
    level = gated_level([tone(3.0, 8000, peak=0.1)], 8000)
    assert level == pytest.approx(-20 - 10 * math.log10(2), abs=0.01)


def test_pauses_do_not_lower_the_level(tone: Any) -> None:
    wave = tone(4.0, 8000, peak=0.5)
    with_pause = np.concatenate([wave, np.zeros((40 * 8000, 1), np.float32), wave])
    plain, paused = gated_level([wave], 8000), gated_level([with_pause], 8000)
    assert plain is not None
    assert paused is not None
    # Blocks half in the pause count too; without gating it would be 7.8 dB lower.
    assert paused == pytest.approx(plain, abs=0.3)


def test_a_quiet_tail_within_twenty_decibels_counts_and_beyond_does_not(tone: Any) -> None:
    loud, near, far = (tone(20.0, 8000, peak=peak) for peak in (0.5, 0.1, 0.005))
    both = gated_level([loud, near], 8000)
    # Mean power of the two halves.
    assert both == pytest.approx(10 * math.log10((0.5**2 + 0.1**2) / 4), abs=0.1)
    assert gated_level([loud, far], 8000) == pytest.approx(gated_level([loud], 8000), abs=0.1)


@pytest.mark.parametrize("size", [1, 7, 799, 800, 801, 5000])
def test_the_level_does_not_depend_on_the_blocks(tone: Any, size: int) -> None:
    rng = np.random.default_rng(1)
    wave = tone(1.3, 8000, channels=2) * rng.uniform(0, 1, (10400, 2)).astype(np.float32)
    meter = LevelMeter(8000, 2)
    for start in range(0, len(wave), size):
        meter.push(wave[start : start + size])
    assert meter.peak == float(np.abs(wave).max())
    assert meter.level_db == pytest.approx(gated_level([wave], 8000), abs=1e-4)


def test_silence_has_no_level() -> None:
    assert gated_level([], 8000) is None
    assert gated_level([np.zeros((8000, 1), np.float32)], 8000) is None
    assert gated_level([np.full((8000, 1), 3e-41, np.float32)], 8000) is None
    assert gain_to_reference(None) == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [10, 7999])
def test_what_is_not_finite_has_a_level_that_is_no_number(tone: Any, bad: float, place: int) -> None:
    wave = tone(1.0, 8000)
    wave[place] = bad
    level = gated_level([wave], 8000)
    assert level is not None
    assert math.isnan(level)


def test_less_than_one_block_is_measured_whole() -> None:
    assert gated_level([np.full((100, 1), 0.1, np.float32)], 8000) == pytest.approx(-20.0, abs=1e-3)


def test_the_gain_brings_a_recording_to_the_reference(tone: Any) -> None:
    wave = tone(2.0, 8000, peak=0.03)
    gain = gain_to_reference(gated_level([wave], 8000))
    assert gated_level([wave * np.float32(gain)], 8000) == pytest.approx(REFERENCE_LEVEL_DB, abs=1e-3)
