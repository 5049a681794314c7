"""Bands that are spaced as the ear hears pitch, and the transform that makes cepstra of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from styleshift.arrays import Float32Array, Float64Array

_LINEAR_HZ = 200.0 / 3
_BREAK_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27


@lru_cache(maxsize=8)
def mel_filters(
    sample_rate: int, fft_length: int, bands: int, highest_hz: float | None = None
) -> Float32Array:
    """Triangles of equal area, spaced evenly in mel from 0 Hz on: ``[bands, bins]`` float32.

    The mel scale of Slaney's Auditory Toolbox (1998): linear below 1 kHz, logarithmic above.

    Args:
        sample_rate: Hz.
        fft_length: points of the transform, of which there are half as many bins and one.
        bands: how many.
        highest_hz: where the last triangle ends; None: at half the sample rate.
    """
    top = sample_rate / 2 if highest_hz is None else highest_hz
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(top), bands + 2))
    hertz = np.arange(fft_length // 2 + 1) * sample_rate / fft_length
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    area = (2.0 / (edges[2:] - edges[:-2]))[:, None]
    triangles: Float32Array = (np.maximum(0.0, np.minimum(rising, falling)) * area).astype(np.float32)
    return triangles


@lru_cache(maxsize=8)
def dct_matrix(bands: int, coefficients: int) -> Float64Array:
    """The orthonormal DCT-II, ``[bands, coefficients]``; ``x @ matrix`` are the first coefficients."""
    order = np.arange(coefficients)
    basis = np.cos(np.pi * (np.arange(bands)[:, None] + 0.5) * order / bands) * np.sqrt(2.0 / bands)
    basis[:, 0] /= np.sqrt(2.0)
    matrix: Float64Array = basis
    return matrix


def _hz_to_mel(hertz: float) -> float:
    if hertz < _BREAK_HZ:
        return hertz / _LINEAR_HZ
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hertz / _BREAK_HZ) / _LOG_STEP)


def _mel_to_hz(mel: Float64Array) -> Float64Array:
    above = mel - _BREAK_HZ / _LINEAR_HZ
    hertz: Float64Array = np.where(above < 0, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * above))
    return hertz
