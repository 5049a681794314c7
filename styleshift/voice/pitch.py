"""The pitch of a voice, found and moved on log magnitudes alone: no waveform, no phase, a frame at a time.

A frame's log magnitude is the sum of an envelope, which throat and mouth shape, and of what is left, the
harmonics. Both are linear in the frame, and so is stretching them along the frequency axis. So a voice is
moved by one matrix for each ratio: it stretches the harmonics by the ratio and the envelope by a small power
of it. It streams, costs what one layer of a network costs, lets gradients through, and works where there is
no waveform: on a corpus of spectrograms, and on the spectrum that several channels have in common.

The pitch is the highest peak of the autocorrelation, which is the Fourier transform of the power spectrum
and so needs no waveform either. A tracker that works on waveforms (pyworld, librosa's pyin) cannot be used
here; a test holds the estimate to one. Of 100 clips of LibriSpeech the median of half was within 0.2
semitones of that of pyworld's Harvest over loud voiced frames, and 8 were off by more than one.
`benchmarks/intonation.py` looks at single frames.

As a conversion by itself the matrix was compared with WORLD's analysis and synthesis on six sentences of VCC
2016: a speaker encoder took the result for the other speaker somewhat more often (0.25 against 0.15 on the
same scale).

Sources: envelope by cepstral liftering (Oppenheim and Schafer 1968); pitch by the autocorrelation of a frame
over that of its window (Boersma 1993).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from styleshift.arrays import Float32Array, Float64Array
from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.transform import compress, magnitude, stft
from styleshift.validation import settings
from styleshift.voice.harmonics import Combs, steady
from styleshift.voice.loud_frames import LOUD

Harmonics = Literal["stretch", "draw"]

LOWEST_HZ = 60.0
HIGHEST_HZ = 420.0
"""A voice that speaks is looked for between these."""

# Semitones from one ratio that has a matrix to the next.
_STEP = 0.25
_FINER = 0.125  # semitones from one candidate to the next: at twice that the peaks of low voices are missed
# Up to this quefrency the cepstrum is envelope: shorter than the period of the highest voice.
_ENVELOPE_SECONDS = 1.25e-3
_EDGES = 0.75, 1.25  # of that: where the cepstrum begins to be taken down, and where it is nothing
# Harmonics far above it have little say: they are the first to be blurred when the pitch moves in a frame.
# With 1000 Hz 77.5 % of a man's loud voiced frames were moved and within a semitone, and are 79.6 %; of a
# woman's 82.6 %, and are 85.0 % (30 sentences each of VCC 2016, voiced by Harvest and D4C). With 300 Hz it is
# 1 % more, but the fundamentals of the highest voices would have little say themselves.
_LOW_PASS_HZ = 400.0
# For an octave up. The second period of a steady voice is as like the first as the third is.
_OCTAVE_COST = 0.01
# Strength below which a frame is left as it is, and from which it is moved whole. White noise has 0.27 at the
# median, and one frame in ten more than 0.4; 3 % of it is moved.
_UNVOICED, _VOICED = 0.4, 0.55
# Strength from which a frame has a say in the median.
SURE = 0.6
LEAST_FRAMES = 10  # of a voice, without which there is none
_LEAST_SHARE = 0.02  # of the loud frames; of white noise up to 0.6 % are sure of a pitch (at 22.05 kHz)
_WIDEST = 24.0  # semitones that a voice is moved at most
NOTHING = 1e-12  # power, beside a loudest bin of 1


@settings
class PitchTarget:
    """Where a model wants voices to be; see :class:`PitchShifter`."""

    target_hz: float = Field(gt=0, le=2000)
    """Median fundamental to which a recording's voice is moved, Hz."""
    formants: float = Field(default=0.15, ge=0, le=1)
    """Power of the ratio of pitches by which the spectral envelope is stretched."""
    harmonics: Harmonics = "stretch"
    """How harmonics come to their new places; see :mod:`styleshift.voice.harmonics`."""


class PitchShifter:
    """Finds the fundamental of voices in log magnitudes, and moves it.

    Args:
        config: of the spectrograms; its compression must be ``log1p`` or ``log``.
        formants: power of the ratio by which the envelope is stretched. Between men and women the vocal tract
            differs by a factor of 1.1 to 1.2 where the pitch differs by 2 (Fant 1966): 0.15. 0 leaves it.
        harmonics: ``stretch`` moves what is there, by one matrix; ``draw`` puts a comb at the new pitch in
            place of that at the old.

    Raises:
        ConfigError: spectrograms without compression, or too coarse to tell harmonics apart.
    """

    def __init__(
        self, config: SpectrogramConfig, formants: float = 0.15, harmonics: Harmonics = "stretch"
    ) -> None:
        if config.compression == "none":
            raise ConfigError("voices can be moved on log magnitudes only", "use compression log1p or log")
        if config.sample_rate / min(config.frame_length, config.fft_length) > LOWEST_HZ / 2:
            raise ConfigError(
                f"frames of {config.frame_length} samples at {config.sample_rate} Hz are too short to tell "
                "the harmonics of a voice apart",
                f"use frames of at least {2 / LOWEST_HZ:.3f} s",
            )
        self.config = config
        self.formants = formants
        self.harmonics = harmonics
        # With log1p everything below 1 / gain is nearly silence; a tenth of that leaves nothing of it.
        self.floor = math.log(0.1 / config.gain if config.compression == "log1p" else config.floor)
        self.candidates, self.cosines = _cosines(config)
        self.costs = _OCTAVE_COST * np.log2(self.candidates / HIGHEST_HZ)
        self.low_pass = _low_pass(config)
        self.envelope = envelope_of(config)
        self.combs = _combs(config) if harmonics == "draw" else None

    def track(self, log: Float32Array | Float64Array) -> tuple[Float64Array, Float64Array]:
        """The fundamental and its strength, frame by frame.

        Args:
            log: ``[n, bins]`` natural log of magnitudes, not below :attr:`floor`.

        Returns:
            Hz ``[n]``, and how sure it is ``[n]``: near 1 for a steady voice, mostly below 0.4 for white
            noise, 0 where there is no period.
        """
        found, strength = self.candidates_of(log)
        return self.candidates[found], strength

    def candidates_of(self, log: Float32Array | Float64Array) -> tuple[npt.NDArray[np.intp], Float64Array]:
        """As :meth:`track`, with the index of each frame's candidate instead of its Hz."""
        wide = np.asarray(log, np.float64)
        power = np.exp(2 * (wide - wide.max(axis=1, keepdims=True))) * self.low_pass
        strengths = power @ self.cosines.T / np.maximum(power.sum(axis=1, keepdims=True), NOTHING)
        inner = strengths[:, 1:-1]
        peak = (inner >= strengths[:, :-2]) & (inner > strengths[:, 2:])
        best = np.where(peak, inner + self.costs[1:-1], -np.inf).argmax(axis=1) + 1
        return best, np.where(peak.any(axis=1), strengths[np.arange(len(best)), best], 0.0)

    def median(self, log: Float32Array | Float64Array) -> float | None:
        """The median fundamental of ``[n, bins]`` in Hz; None where it has no voice to speak of."""
        if not len(log):
            return None
        hertz, strength = self.track(log)
        loudest = np.asarray(log).max(axis=1)
        loud = loudest > loudest.max() - LOUD
        heard = loud & (strength > SURE)
        return float(np.median(hertz[heard])) if has_voice(heard.sum(), loud.sum()) else None

    def matrix(self, ratio: float) -> Float32Array:
        """What moves a frame by ``ratio``: ``[bins, bins]``, applied as ``log @ matrix.T``.

        The ratio is rounded to a quarter of a semitone, and to two octaves at most.
        """
        return _matrix(self.config, self.formants, step(ratio))

    def log(self, compressed: Float32Array) -> Float32Array:
        """``[n, bins]`` as a corpus holds it to natural log of magnitudes, not below :attr:`floor`."""
        floor = np.float32(math.exp(self.floor))
        return np.log(np.maximum(magnitude(compressed, self.config), floor))

    def shift(self, compressed: Float32Array, ratio: float) -> Float32Array:
        """Move the voiced frames of a spectrogram by ``ratio``; the others stay as they are.

        Args:
            compressed: ``[n, bins]`` float32 log magnitudes as ``config`` compresses them.
            ratio: of the new fundamental to the old.
        """
        if step(ratio) == 0 or not len(compressed):
            return compressed
        log = self.log(compressed)
        found, strength = self.candidates_of(log)
        if self.combs is None:
            moved = log @ self.matrix(ratio).T
        else:
            smooth = log @ self.envelope.astype(np.float32).T
            moved = smooth @ _stretch(self.config.bins, self.formants, step(ratio)).astype(np.float32).T
            moved += self.combs.draw(log - smooth, steady(found, strength), ratio)
        voiced = voicing(strength).astype(np.float32)[:, None]
        return compressed + voiced * (compress(np.exp(moved), self.config) - compressed)


def has_voice(sure: float, loud: float) -> bool:
    """Whether so many frames that are sure of their pitch, among so many loud ones, are those of a voice."""
    return bool(sure >= max(LEAST_FRAMES, _LEAST_SHARE * loud))


def voicing_range() -> tuple[float, float]:
    """Strengths below which a frame is left as it is, and from which it is moved whole."""
    return _UNVOICED, _VOICED


def voicing(strength: Float64Array) -> Float64Array:
    """How much of a frame is moved, 0 to 1, by the strength of its pitch."""
    return np.clip((strength - _UNVOICED) / (_VOICED - _UNVOICED), 0, 1)


def step(ratio: float) -> int:
    """Which of the ratios that have a matrix is nearest: quarters of a semitone; 0 leaves everything."""
    semitones = 12 * math.log2(ratio)
    return round(min(_WIDEST, max(-_WIDEST, semitones)) / _STEP)


@lru_cache(maxsize=256)
def _matrix(config: SpectrogramConfig, formants: float, step: int) -> Float32Array:
    ratio = 2 ** (step * _STEP / 12)
    top = config.bins - 1
    bins = np.arange(config.bins, dtype=np.float64)
    # Above the band there are no harmonics to bring down: those just below its end come again, mirrored.
    fine = (bins / ratio) % (2 * top)
    fine = np.minimum(fine, 2 * top - fine)
    envelope = envelope_of(config)
    smooth = _stretch(config.bins, formants, step) @ envelope
    moved = smooth + _interpolate(fine, config.bins) @ (np.eye(config.bins) - envelope)
    made: Float32Array = np.ascontiguousarray(moved, np.float32)
    made.flags.writeable = False
    return made


def _stretch(bins: int, formants: float, step: int) -> Float64Array:
    """``[bins, bins]``: what stretches an envelope by the power ``formants`` of the ratio."""
    positions = np.arange(bins, dtype=np.float64) / (2 ** (step * _STEP / 12)) ** formants
    return _interpolate(np.minimum(positions, bins - 1), bins)


@lru_cache(maxsize=2)
def _combs(config: SpectrogramConfig) -> Combs:
    return Combs(config, _cosines(config)[0], envelope_of(config))


def cepstral_order(config: SpectrogramConfig) -> int:
    """How many cepstral coefficients an envelope has; the others are 0."""
    return math.ceil(_EDGES[1] * _ENVELOPE_SECONDS * config.sample_rate)


@lru_cache(maxsize=8)
def envelope_of(config: SpectrogramConfig) -> Float64Array:
    """What makes envelopes of log spectra: ``[bins, bins]``, their low cepstral_order with a soft edge."""
    points = 2 * (config.bins - 1)
    quefrency = np.minimum(np.arange(points), points - np.arange(points)) * (config.fft_length / points)
    cut = _ENVELOPE_SECONDS * config.sample_rate
    kept = np.clip((_EDGES[1] * cut - quefrency) / ((_EDGES[1] - _EDGES[0]) * cut), 0, 1)
    cepstra = np.fft.irfft(np.eye(config.bins), points, axis=1)
    return np.asarray(np.fft.rfft(cepstra * kept, axis=1).real.T, np.float64)


@lru_cache(maxsize=8)
def _cosines(config: SpectrogramConfig) -> tuple[Float64Array, Float64Array]:
    """Candidates in Hz ``[n]``, and what makes autocorrelations of power spectra: ``[n, bins]``.

    At the candidates' periods, each over that of the window, which falls with the period (Boersma 1993).
    """
    count = int(12 * math.log2(HIGHEST_HZ / LOWEST_HZ) / _FINER) + 1
    candidates = LOWEST_HZ * 2 ** (np.arange(count) * _FINER / 12)
    hertz = np.arange(config.bins) * config.sample_rate / config.fft_length
    steady = stft(np.ones(4 * config.frame_length, np.float32), config)
    own = np.fft.irfft(np.abs(steady[len(steady) // 2]) ** 2, config.fft_length)
    at = np.interp(config.sample_rate / candidates, np.arange(len(own)), own / own[0])
    return candidates, np.cos(2 * np.pi * hertz / candidates[:, None]) / at[:, None]


@lru_cache(maxsize=8)
def _low_pass(config: SpectrogramConfig) -> Float64Array:
    """``[bins]``: what each bin's power counts; nothing below the lowest voice, twice between the ends."""
    hertz = np.arange(config.bins) * config.sample_rate / config.fft_length
    counted = np.where((hertz > 0) & (hertz < hertz[-1]), 2.0, 1.0)
    counted[hertz < LOWEST_HZ - config.sample_rate / config.fft_length] = 0.0
    return np.asarray(counted / (1 + (hertz / _LOW_PASS_HZ) ** 4), np.float64)


def _interpolate(positions: Float64Array, bins: int) -> Float64Array:
    """``[bins, bins]``: a row takes the two bins beside its position."""
    below = np.minimum(positions.astype(int), bins - 2)
    part = positions - below
    made = np.zeros((bins, bins))
    rows = np.arange(bins)
    made[rows, below] = 1 - part
    made[rows, below + 1] += part
    return made
