"""Changing the level of a stored log spectrogram, as if the waveform had been scaled before the transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array, Float64Array
from styleshift.frontend import SpectrogramConfig
from styleshift.frontend.compression import compressed, expanded, silence


def scale_log_magnitude(values: npt.NDArray[Any], gain: float, config: SpectrogramConfig) -> Float64Array:
    """Compressed magnitudes of a waveform that is ``gain`` times as large.

    The compression is inverted, the magnitude scaled, and compressed again. Silence stays silence.

    Args:
        values: compressed magnitudes of any shape.
        gain: above 0.
        config: names the compression.

    Returns:
        float64 of the same shape.
    """
    wide = np.asarray(values, dtype=np.float64)
    quiet = silence(config)
    # float16 rounds the floor of ``log``, so a little above it is still silence.
    silent = wide <= quiet + 1e-3 * abs(quiet)
    return np.where(silent, quiet, compressed(gain * expanded(wide, config), config))


def scaling_table(gain: float, config: SpectrogramConfig) -> Float32Array:
    """:func:`scale_log_magnitude` of every float16 there is, by its bits: ``table[x.view(uint16)]``.

    One look-up does the conversion to float32 and the scaling, and is exact to float32.

    Returns:
        ``[65536]`` float32; NaN and infinity give 0.
    """
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
    usable = np.isfinite(every) & (np.abs(every) < 700)  # expm1 overflows beyond; no spectrogram goes there
    if config.compression == "none":
        usable = np.isfinite(every)
    table = np.zeros(1 << 16, dtype=np.float32)
    table[usable] = scale_log_magnitude(np.where(usable, every, 0.0), gain, config)[usable]
    return table
