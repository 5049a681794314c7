"""Loudness against the filters of ITU-R BS.1770-4 themselves, run by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import freqz, lfilter

from styleshift.conversion.track.loudness import KWeightedPower, integrated_loudness, k_weighting

# ITU-R BS.1770-4, annex 1, tables 1 and 2: 48 kHz.
SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
HIGH_PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])


def reference(samples: np.ndarray) -> float:
    """Integrated loudness of ``[n, channels]`` at 48 kHz, straight from the recommendation."""
    weighted = lfilter(*HIGH_PASS, lfilter(*SHELF, samples.astype(np.float64), axis=0), axis=0)
    blocks = [
        np.mean(weighted[start : start + 19200] ** 2, axis=0).sum()
        for start in range(0, len(weighted) - 19199, 4800)
    ]
    level = -0.691 + 10 * np.log10(np.array(blocks) + 1e-30)
    heard = np.array(blocks)[level > -70]
    gate = -0.691 + 10 * np.log10(heard.mean()) - 10
    kept = heard[-0.691 + 10 * np.log10(heard) > gate]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def measured(samples: np.ndarray, rate: int, cut: int = 7000) -> float | None:
    meter = KWeightedPower(rate, samples.shape[1])
    powers = [meter.push(samples[start : start + cut]) for start in range(0, len(samples), cut)]
    return integrated_loudness(np.concatenate([*powers, meter.finish()]))


def test_the_weighting_is_that_of_the_tables() -> None:
    frequency = np.geomspace(10, 23000, 50)
    response = np.abs(freqz(*SHELF, frequency, fs=48000)[1] * freqz(*HIGH_PASS, frequency, fs=48000)[1]) ** 2
    np.testing.assert_allclose(k_weighting(frequency, 48000), response, rtol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_loudness_is_that_of_the_recommendation(seed: int) -> None:
    random = np.random.default_rng(seed)
    time = np.arange(48000 * 12) / 48000
    envelope = np.abs(np.sin(2 * np.pi * time / random.uniform(1, 9))) ** random.integers(1, 6)
    noise = lfilter([1.0], [1.0, -random.uniform(0, 0.99)], random.standard_normal((len(time), 2)), axis=0)
    samples = (0.02 * noise * envelope[:, None] * [1, 0.3]).astype(np.float32)
    assert measured(samples, 48000) == pytest.approx(reference(samples), abs=0.1)


def test_a_full_scale_sine_reads_as_the_recommendation_says() -> None:
    for rate in (8000, 22050, 44100, 48000, 96000):
        sine = np.sin(2 * np.pi * 997 * np.arange(rate * 10) / rate)[:, None].astype(np.float32)
        assert measured(sine, rate) == pytest.approx(-3.01, abs=0.1)


def test_pauses_do_not_count_and_silence_has_no_loudness() -> None:
    sine = 0.1 * np.sin(2 * np.pi * 997 * np.arange(48000 * 10) / 48000)[:, None].astype(np.float32)
    paused = np.concatenate([sine, np.zeros((48000 * 20, 1), np.float32)])
    assert measured(paused, 48000) == pytest.approx(measured(sine, 48000), abs=0.1)
    assert measured(np.zeros((48000, 1), np.float32), 48000) is None
    assert measured(np.zeros((0, 1), np.float32), 48000) is None
    assert measured(sine[:100], 48000) is not None


def test_blocks_may_be_cut_anywhere() -> None:
    samples = np.random.default_rng(0).standard_normal((30000, 2)).astype(np.float32)
    assert measured(samples, 16000, 1) == measured(samples, 16000, 30000)
