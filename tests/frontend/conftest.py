"""Float64 references by scipy, and the SIMD variants of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from styleshift.frontend import SpectrogramConfig, build_info
from styleshift.frontend.build import choose_variant

Floats = NDArray[np.float64]


def window_of(config: SpectrogramConfig) -> Floats:
    """The analysis window, cropped to the FFT, by scipy."""
    n = config.frame_length
    if config.window == "gaussian":
        w = scipy.signal.get_window(("gaussian", np.sqrt(0.25645 / (2 * np.pi)) * n), n)
    elif config.window == "sqrt_hann":
        w = np.sqrt(scipy.signal.get_window("hann", n))
    else:
        names = {"rectangular": "boxcar"}
        w = scipy.signal.get_window(names.get(config.window, config.window), n)
    return np.asarray(w[: config.fft_length], dtype=np.float64)


def frame_starts(samples: int, config: SpectrogramConfig) -> NDArray[np.int64]:
    offset = config.frame_length // 2 if config.center else 0
    return np.arange(config.frames(samples)) * config.hop_length - offset


def reference_stft(samples: NDArray[np.generic], config: SpectrogramConfig) -> NDArray[np.complex128]:
    """[samples] -> [frames, bins], float64."""
    w = window_of(config)
    pad = config.frame_length + config.fft_length
    x = np.pad(samples.astype(np.float64), (pad, pad))
    starts = frame_starts(len(samples), config) + pad
    frames = np.stack([x[s : s + len(w)] * w for s in starts]) if len(starts) else np.zeros((0, len(w)))
    return np.asarray(scipy.fft.rfft(frames, config.fft_length, axis=-1))


def reference_istft(
    spectrum: NDArray[np.complex128], config: SpectrogramConfig, length: int
) -> NDArray[np.float64]:
    """[frames, bins] -> [length]: the least-squares solution, float64."""
    w = window_of(config)
    frames = scipy.fft.irfft(spectrum, config.fft_length, axis=-1)[:, : len(w)] * w
    offset = config.frame_length // 2 if config.center else 0
    total = (len(frames) + 1) * config.hop_length + len(w) + length + offset
    y, norm = np.zeros(total), np.zeros(total)
    for t, frame in enumerate(frames):
        y[t * config.hop_length : t * config.hop_length + len(w)] += frame
        norm[t * config.hop_length : t * config.hop_length + len(w)] += w**2
    y = np.where(norm > 1e-11 * norm.max(), y / np.maximum(norm, 1e-300), 0.0)
    return y[offset : offset + length]


@pytest.fixture(scope="session")
def reference() -> SimpleNamespace:
    """stft, istft and window in float64."""
    return SimpleNamespace(stft=reference_stft, istft=reference_istft, window=window_of)


@pytest.fixture(params=build_info()["simd_available"])
def variant(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each SIMD variant that this machine runs, in turn."""
    before = build_info()["simd"]
    choose_variant(request.param)
    yield request.param
    choose_variant(before)


@pytest.fixture
def noise() -> NDArray[np.float32]:
    """Two channels of 6000 samples."""
    return (np.random.default_rng(7).standard_normal((2, 6000)) * 0.3).astype(np.float32)
