from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import soxr
from numpy.typing import NDArray

from styleshift.audio.resample import resampled_length
from styleshift.errors import ConfigError
from styleshift.frontend import Mixdown

RATES = [(44100, 22050), (48000, 22050), (44100, 20500), (16000, 22050), (8000, 22050), (192000, 16000)]


def noise(frames: int, channels: int) -> NDArray[np.float32]:
    return 0.2 * np.random.default_rng(0).standard_normal((frames, channels)).astype(np.float32)


def mixed(samples: NDArray[np.float32], source: int, target: int, size: int) -> NDArray[np.float32]:
    mixdown = Mixdown(source, target, samples.shape[1])
    parts = [mixdown.push(samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate([*parts, mixdown.finish()])


@pytest.mark.parametrize(("source", "target"), RATES)
def test_what_lies_in_the_band_stays_as_it_is(source: int, target: int) -> None:
    low = scipy.signal.firwin(999, 0.75 * min(source, target) / source, window=("kaiser", 14))
    padded = np.pad(noise(source - 2000, 2), [(1000, 1000), (0, 0)])  # an abrupt end has all frequencies
    samples = scipy.signal.oaconvolve(padded, low[:, None], "same", axes=0)
    exact = scipy.signal.resample(samples.mean(1), target)  # one Fourier transform of the whole
    assert np.abs(mixed(samples.astype(np.float32), source, target, 8191) - exact).max() < 3e-7


def test_the_whole_of_white_noise_agrees_with_libsoxr_where_rates_halve() -> None:
    samples = noise(50_000, 1)
    theirs = soxr.resample(samples[:, 0].astype(np.float64), 44100, 22050, "HQ")
    assert np.abs(mixed(samples, 44100, 22050, 50_000) - theirs).max() < 1e-6


def test_what_lies_above_the_band_is_gone() -> None:
    tone = np.sin(2 * np.pi * 11_030 * np.arange(44100) / 44100).astype(np.float32)[:, None]
    out = mixed(tone, 44100, 22050, 4096)
    assert 20 * np.log10(np.abs(out[500:-500]).max()) < -120


@pytest.mark.parametrize("frames", [0, 1, 2, 195, 999, 50_001])
@pytest.mark.parametrize(("source", "target"), RATES)
def test_the_length_is_exact_and_blocks_do_not_matter(source: int, target: int, frames: int) -> None:
    samples = noise(frames, 2)
    out = mixed(samples, source, target, 777)
    assert len(out) == resampled_length(frames, source, target)
    np.testing.assert_array_equal(out, mixed(samples, source, target, 1 << 20))


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_the_mix_is_the_mean(channels: int) -> None:
    samples = noise(20_000, channels)
    np.testing.assert_allclose(mixed(samples, 8000, 8000, 333), samples.mean(1, dtype=np.float64), atol=1e-7)


def test_channels_that_cancel_are_seen() -> None:
    left, right = noise(10_000, 2).T
    for channels, kept in [((left, left), 1.0), ((left, -left), 0.0), ((left, right), 0.5), ((left,), 1.0)]:
        mixdown = Mixdown(44100, 22050, len(channels))
        mixdown.push(np.stack(channels, 1))
        assert mixdown.kept_power == pytest.approx(kept, abs=0.02)


def test_odd_rates_are_refused() -> None:
    assert not Mixdown.can(44100, 22051)
    with pytest.raises(ConfigError, match="44100 Hz cannot become 22051 Hz"):
        Mixdown(44100, 22051, 2)


def test_misuse_is_named() -> None:
    mixdown = Mixdown(44100, 22050, 2)
    with pytest.raises(ConfigError, match=r"block has shape \(10, 1\)"):
        mixdown.push(np.zeros((10, 1), np.float32))
    mixdown.finish()
    with pytest.raises(ConfigError, match="finished"):
        mixdown.push(np.zeros((10, 2), np.float32))
