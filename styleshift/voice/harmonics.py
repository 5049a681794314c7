"""The harmonics of a voice, drawn anew at another pitch.

Stretched harmonics are as much wider as they are further apart: a voice moved up by an octave has lobes of
twice the width of a real one's, and what lay in the valleys between its own harmonics becomes lines between
the new ones, heard as hoarse, or as two pitches at once. So here a frame's fine structure is divided into a
comb at its own pitch, whose share may differ from band to band, and a rest. The comb is taken out and one at
the new pitch put in, the rest, which is breath, is kept as far as the comb leaves room for it, and every band
keeps its power.

Source: harmonics plus noise (Stylianou 2001), with shares of bands (Griffin and Lim 1988), on magnitudes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array, Float64Array
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.transform import stft

CLEARER = 1.5
"""A comb's share of a band is raised by this: harmonics further apart are blurred less by a pitch that moves,
and what the share is measured by, the valleys, is the first to be lost."""

BLURRED = 2
"""Frames on both sides whose pitches, if sure, have a say in a frame's: by way of their median."""
STEADY = 0.45
"""Strength from which a frame's pitch is sure enough for that."""
LEAP = 16
"""Candidates, two semitones: a pitch that is sure and no further from that median is drawn as it is. A median
alone stands still where a voice rises and falls (benchmarks/intonation.py)."""

_BAND_HZ = 515.0  # over which the share of the comb is measured, and the power kept
_BELOW = 84  # combs below the lowest candidate, for voices moved down: 10.5 semitones
_ABOVE = 192  # and above the highest: two octaves
_VALLEY = 0.02  # of a harmonic's amplitude is left between two of them
_FINER = 16  # times finer than the bins: the lobe of a harmonic, of which combs are made


class Combs:
    """Spectra of steady voices at all pitches, and what is measured with them.

    Args:
        config: of the spectrograms.
        candidates: the tracker's, Hz ``[n]``, even in log frequency.
        envelope: ``[bins, bins]``, what smooths a log spectrum.

    Attributes:
        first: row of the lowest candidate; rows are as far apart as candidates.
        step: from one row to the next, natural log of the ratio.
        rows: ``[m, bins]`` float32 natural log of magnitudes, less their envelope.
        band: ``[bins, bins]`` float32, the mean over a band around each bin.
        power: ``[m, bins]`` float32, mean square of ``rows`` in each band.
    """

    def __init__(self, config: SpectrogramConfig, candidates: Float64Array, envelope: Float64Array) -> None:
        self.first = _BELOW
        self.step = math.log(candidates[1] / candidates[0])
        count = _BELOW + len(candidates) + _ABOVE
        hertz = candidates[0] * np.exp(self.step * (np.arange(count) - _BELOW))
        comb = _combs(config, hertz)
        self.rows = (comb - comb @ envelope.T).astype(np.float32)
        reach = round(_BAND_HZ * config.fft_length / config.sample_rate / 2)
        apart = np.arange(config.bins)
        near = np.abs(apart[:, None] - apart) <= reach
        self.band = (near / near.sum(axis=1, keepdims=True)).astype(np.float32)
        self.power = np.maximum(np.square(self.rows) @ self.band.T, 1e-6)

    def moved(self, found: npt.NDArray[np.intp], ratio: float) -> npt.NDArray[np.intp]:
        """Rows of voices at ``ratio`` times the pitch of candidates ``found``."""
        rows = found + self.first + round(math.log(ratio) / self.step)
        return np.clip(rows, 0, len(self.rows) - 1)

    def draw(self, fine: Float32Array, found: npt.NDArray[np.intp], ratio: float) -> Float32Array:
        """The fine structure of voices, moved.

        Args:
            fine: ``[n, bins]`` natural log of magnitudes less their envelope.
            found: ``[n]``, the candidate that each frame's pitch is.
            ratio: of the new fundamental to the old.
        """
        old, new = self.rows[found + self.first], self.rows[self.moved(found, ratio)]
        share = np.clip(((fine * old) @ self.band.T) / self.power[found + self.first], 0, 1)
        clear = np.minimum(CLEARER * share, 1)
        drawn = clear * new + (1 - clear) * (fine - share * old)
        before, after = (np.exp(2 * part) @ self.band.T for part in (fine, drawn))
        kept: Float32Array = drawn + 0.5 * np.log(before / after)
        return kept


def steady(found: npt.NDArray[np.intp], strength: Float64Array) -> npt.NDArray[np.intp]:
    """Candidates ``[n]`` with those that leap put right: the lower median of the sure ones around."""
    is_sure = strength > STEADY
    sure = np.where(is_sure, found.astype(np.float64), np.inf)
    padded = np.pad(sure, BLURRED, constant_values=np.inf)
    near = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * BLURRED + 1), axis=1)
    count = np.isfinite(near).sum(axis=1)
    middle = near[np.arange(len(found)), np.maximum(count - 1, 0) // 2]
    kept = (is_sure & (np.abs(found - middle) <= LEAP)) | (count == 0)
    return np.where(kept, found, middle).astype(np.intp)


def _combs(config: SpectrogramConfig, hertz: Float64Array) -> Float64Array:
    """``[m, bins]``: natural log magnitudes of equal harmonics of each of ``hertz``, in a frame's window."""
    whole = stft(np.ones(4 * config.frame_length, np.float32), config)
    window = np.fft.irfft(whole[len(whole) // 2], config.fft_length)
    lobe = np.abs(np.fft.rfft(window, _FINER * config.fft_length))
    lobe = np.square(lobe / lobe[0])
    bins = np.arange(config.bins) * config.sample_rate / config.fft_length
    nearest = np.round(bins / hertz[:, None])
    power = np.full(nearest.shape, _VALLEY**2)
    for beside in (-1, 0, 1):
        harmonic = nearest + beside
        away = np.abs(bins - harmonic * hertz[:, None]) * (_FINER * config.fft_length / config.sample_rate)
        power += np.where(harmonic > 0, np.interp(away, np.arange(len(lobe)), lobe), 0)
    drawn: Float64Array = 0.5 * np.log(power)
    return drawn
