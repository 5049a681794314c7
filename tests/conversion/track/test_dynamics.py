"""The conversion is as loud as its source and never clips, wherever the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest
from track_models import pieces

from styleshift.conversion.track.dynamics import limit, match_loudness
from styleshift.conversion.track.first_pass import measure

RATE = 8000


def followed(conversion: np.ndarray, source: np.ndarray, cut: int = 1000) -> np.ndarray:
    powers = measure(pieces(source, 999), RATE, source.shape[1]).powers
    return np.concatenate(list(match_loudness(pieces(conversion, cut), powers, RATE, source.shape[1], [])))


def noise(seconds: float, channels: int = 1) -> np.ndarray:
    random = np.random.default_rng(0)
    return (0.1 * random.standard_normal((int(RATE * seconds), channels))).astype(np.float32)


def test_what_is_unchanged_stays_unchanged() -> None:
    source = noise(12, 2) * np.linspace(0.01, 1, RATE * 12)[:, None].astype(np.float32)
    np.testing.assert_array_equal(followed(source, source), source)


@pytest.mark.parametrize("gain_db", [-20.0, -6.0, 12.0])
def test_a_constant_gain_is_undone(gain_db: float) -> None:
    source = noise(10)
    found = followed(source * np.float32(10 ** (gain_db / 20)), source)
    np.testing.assert_allclose(found, source, rtol=1e-3, atol=1e-6)


def test_a_slow_change_of_level_is_undone() -> None:
    source = noise(60)
    swell = np.linspace(0.2, 2, len(source))[:, None].astype(np.float32)
    found = followed(source * swell, source)
    ratio = np.sqrt(
        np.mean(found.reshape(60, -1) ** 2, axis=1) / np.mean(source.reshape(60, -1) ** 2, axis=1)
    )
    assert np.abs(20 * np.log10(ratio)[1:-1]).max() < 0.5


def test_the_powers_of_what_is_given_follow_from_the_gain() -> None:
    source = noise(30, 2)
    conversion = source * np.linspace(0.3, 2, len(source))[:, None].astype(np.float32)
    reached: list[np.ndarray] = []
    powers = measure(pieces(source, 999), RATE, 2).powers
    given = np.concatenate(list(match_loudness(pieces(conversion, 1000), powers, RATE, 2, reached)))
    measured = measure(pieces(given, 1000), RATE, 2).powers
    np.testing.assert_allclose(10 * np.log10(np.concatenate(reached) / measured), 0, atol=0.05)


def test_silence_stays_silent_and_gains_are_bounded() -> None:
    source = noise(10)
    assert not followed(np.zeros_like(source), source).any()
    found = followed(source * np.float32(1e-4), source)
    assert 20 * np.log10(found.std() / (source.std() * 1e-4)) < 24.1


def test_the_cut_makes_no_difference() -> None:
    source, conversion = noise(9, 2), noise(9, 2)[::-1] * np.float32(0.3)
    whole = followed(conversion, source, RATE * 9)
    for cut in (777, 5000):
        np.testing.assert_array_equal(followed(conversion, source, cut), whole)
    assert whole.shape == source.shape


def limited(samples: np.ndarray, ceiling: float = 1.0, cut: int = 5000) -> np.ndarray:
    return np.concatenate(list(limit(pieces(samples, cut), RATE, ceiling)))


def test_nothing_passes_the_ceiling() -> None:
    samples = noise(5, 2) * 20
    found = limited(samples)
    assert np.abs(samples).max() > 3
    assert np.abs(found).max() <= 1
    np.testing.assert_array_equal(limited(samples, cut=123), found)
    np.testing.assert_array_equal(limited(samples, cut=40000), found)


def test_what_is_below_passes_untouched() -> None:
    samples = noise(5)
    np.testing.assert_array_equal(limited(samples, 1.0), samples)
    peak = samples.copy()
    peak[20000] = 4.0
    found = limited(peak)
    assert found[20000] == pytest.approx(1, abs=1e-6)
    far = np.abs(np.arange(len(samples)) - 20000) > 2 * 0.005 * RATE + 2
    np.testing.assert_array_equal(found[far], samples[far])


def test_a_peak_is_turned_down_smoothly_not_clipped() -> None:
    tone = np.sin(2 * np.pi * 50 * np.arange(RATE * 2) / RATE)[:, None].astype(np.float32) * 2
    found = limited(tone)
    spectrum = np.abs(np.fft.rfft(found[:, 0] * np.hanning(len(found))))
    harmonics = spectrum[300::100][:20]  # clipping gives the third harmonic at -14 dB
    assert harmonics.max() < spectrum[100] * 10 ** (-40 / 20)


def test_short_streams() -> None:
    for length in (0, 1, 10, 100):
        samples = np.full((length, 1), 3.0, np.float32)
        blocks = list(limit(iter([samples]), RATE, 1.0))
        assert sum(map(len, blocks)) == length
        assert all(np.abs(block).max() <= 1 for block in blocks)
