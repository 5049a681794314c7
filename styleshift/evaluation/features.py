"""What the measures look at: log-mel spectrogram, chroma and pitch of a waveform.

Everything is computed at one fixed analysis setting, whatever a recipe's front end is, so that figures of
different recipes can be compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from styleshift.audio.level import ABSOLUTE_GATE_DB, REFERENCE_LEVEL_DB, RELATIVE_GATE_DB
from styleshift.frontend import SpectrogramConfig, power_scale, stft
from styleshift.frontend.mel import dct_matrix, mel_filters
from styleshift.frontend.percussion import PercussionSplitter
from styleshift.voice.phones import FRAME_RATE as PHONE_RATE
from styleshift.voice.phones import PhoneListener
from styleshift.voice.pitch import envelope_of

Array = npt.NDArray[np.float32]
Array64 = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]

SAMPLE_RATE = 22050
MEL_BANDS = 80
RANGE_DB = 60.0
"""Everything this far below the loudest point of the reference counts as silence."""

# Of a voice; and how far, in YIN's measure, a frame may be from periodic.
_LOWEST_HZ, _HIGHEST_HZ, _PERIODIC = 60.0, 600.0, 0.15

_TIMBRE = SpectrogramConfig(
    sample_rate=SAMPLE_RATE, frame_length=1024, hop_length=256, fft_length=1024, compression="none"
)
# Harmony needs finer bins than timbre: 10.8 Hz tells semitones apart from about 180 Hz up.
_HARMONY = SpectrogramConfig(
    sample_rate=SAMPLE_RATE, frame_length=2048, hop_length=512, fft_length=2048, compression="none"
)
FRAME_RATE = _TIMBRE.frame_rate
CHROMA_RATE = _HARMONY.frame_rate
_POWER_FLOOR = 1e-10
_QUIETEST = 1e-4
"""Magnitudes are raised to it before phones are heard in them."""


@dataclass(frozen=True, slots=True)
class Features:
    """One recording as the measures see it.

    Attributes:
        log_mel: ``[frames, MEL_BANDS]`` float32, dB of mel-band power, ``FRAME_RATE`` frames a second.
        chroma: ``[frames, 12]`` float32, power in each pitch class from C, the strongest at 1 (all 0 in
            silence), ``CHROMA_RATE`` frames a second.
        phones: ``[frames, 40]`` float32, as :func:`phones` gives them; None where nobody listened.
    """

    log_mel: Array
    chroma: Array
    phones: Array | None = None


def features(samples: npt.ArrayLike, sample_rate: int = SAMPLE_RATE, *, speech: bool = False) -> Features:
    """Analyse a waveform.

    Args:
        samples: ``[samples]`` or ``[samples, channels]`` float, full scale 1.0; channels are averaged.
        sample_rate: Hz; anything but ``SAMPLE_RATE`` is resampled.
        speech: listen to its sounds of speech, too.
    """
    mono = to_mono(samples, sample_rate)
    power = _power(mono, _TIMBRE)
    return Features(
        log_mel=mel_decibels(power, _TIMBRE).astype(np.float32),
        chroma=chroma(mono),
        phones=phones(np.sqrt(power), _TIMBRE) if speech else None,
    )


def to_mono(samples: npt.ArrayLike, sample_rate: int) -> Array:
    """``[samples]`` float32 at ``SAMPLE_RATE``; channels averaged, resampled with soxr where needed."""
    wave = np.asarray(samples, dtype=np.float32)
    if wave.ndim == 2:
        wave = wave.mean(axis=1)
    assert wave.ndim == 1, f"a waveform has one or two axes, not {wave.ndim}"
    if sample_rate != SAMPLE_RATE:
        import soxr

        wave = np.asarray(soxr.resample(wave, sample_rate, SAMPLE_RATE), dtype=np.float32)
    return np.ascontiguousarray(wave)


def log_mel(mono: Array) -> Array:
    """``[samples]`` at ``SAMPLE_RATE`` to ``[frames, MEL_BANDS]`` float32 dB, floored at -100 dB."""
    return mel_decibels(_power(mono, _TIMBRE), _TIMBRE).astype(np.float32)


def chroma(mono: Array) -> Array:
    """``[samples]`` at ``SAMPLE_RATE`` to ``[frames, 12]`` float32, C first, each frame's largest at 1."""
    return pitch_classes(_power(mono, _HARMONY), _HARMONY).astype(np.float32)


def mel_decibels(power: Floats, config: SpectrogramConfig) -> Floats:
    """Power ``[frames, bins]`` to dB of its mel bands ``[frames, MEL_BANDS]``, floored at -100 dB."""
    bank = mel_filters(config.sample_rate, config.fft_length, MEL_BANDS)
    decibels: Floats = 10 * np.log10(np.maximum(power @ bank.T, _POWER_FLOOR))
    return decibels


def pitch_classes(power: Floats, config: SpectrogramConfig) -> Floats:
    """Power ``[frames, bins]`` to pitch classes ``[frames, 12]``, C first, each frame's largest at 1."""
    classes = power @ chroma_filters(config.sample_rate, config.fft_length).T
    top = classes.max(axis=1, keepdims=True, initial=0.0)
    loud = top > _POWER_FLOOR
    scaled: Floats = np.where(loud, classes / np.where(loud, top, 1.0), 0.0)
    return scaled


def phones(magnitudes: Floats, config: SpectrogramConfig) -> Array:
    """Magnitudes ``[frames, bins]`` to how likely each sound of speech is: ``[n, 40]``.

    In the order of ``styleshift.voice.phones.PHONES``; they add up to 1. They are the same at any level:
    the recording is brought to the reference level first, as in training. There are ``PHONE_RATE`` frames a
    second, whatever the hop: of twelve sentences at 22.05 kHz, with a hop of 256, ``phones_kept`` is .97
    against what recipe ``voice`` hears. The sample rate is 16 kHz at least.
    """
    smooth, listener, scale = _ear(config)
    log = np.log(np.maximum(_levelled(magnitudes, scale), _QUIETEST), dtype=np.float32)
    return listener.phones(at_rate(log @ smooth, config.frame_rate, PHONE_RATE))


def _levelled(magnitudes: Floats, scale: float) -> Floats:
    """At the reference level, by the frames that are not silent; silence stays as it is."""
    powers = np.square(magnitudes).sum(axis=1, dtype=np.float64) * scale
    loud = powers[powers > 10 ** (RELATIVE_GATE_DB / 10) * powers.mean()] if len(powers) else powers
    if not len(loud) or loud.mean() < 10 ** (ABSOLUTE_GATE_DB / 10):
        return magnitudes
    gain = 10 ** (REFERENCE_LEVEL_DB / 20) / np.sqrt(loud.mean())
    levelled: Floats = magnitudes * magnitudes.dtype.type(gain)
    return levelled


@lru_cache(maxsize=4)
def _ear(config: SpectrogramConfig) -> tuple[Array, PhoneListener, float]:
    return envelope_of(config).T.astype(np.float32), PhoneListener(config), power_scale(config)


def at_rate(values: Floats, rate: float, wanted: float) -> Array:
    """``[frames, n]`` interpolated linearly to another number of frames a second."""
    if not len(values) or math.isclose(rate, wanted, rel_tol=1e-6):
        return values.astype(np.float32, copy=False)
    at = np.arange(max(1, int((len(values) - 1) * wanted / rate) + 1)) * (rate / wanted)
    low = np.minimum(at.astype(int), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    part = (at - low)[:, None]
    between: Array = ((1 - part) * values[low] + part * values[high]).astype(np.float32)
    return between


def percussive_share(mono: Array) -> float:
    """Power of what is clearly percussive over that of all, dB; of ``[samples]`` at ``SAMPLE_RATE``.

    nan of silence, which has no drums and nothing else.
    """
    return PercussionSplitter(_TIMBRE).level_db(np.abs(stft(mono, _TIMBRE)))


def _power(mono: Array, config: SpectrogramConfig) -> Array:
    spectrum = stft(mono, config)
    power: Array = spectrum.real**2 + spectrum.imag**2
    return power


@lru_cache(maxsize=8)
def chroma_filters(sample_rate: int, fft_length: int) -> Array:
    """How much each bin counts for each pitch class: ``[12, bins]`` float32, C first, A4 at 440 Hz.

    Gaussian bumps as wide as a bin, weighted towards the octaves around 440 Hz (Ellis, "Chroma feature
    analysis and synthesis", 2007).
    """
    bins = fft_length // 2 + 1
    hertz = np.arange(1, fft_length) * sample_rate / fft_length
    semitones = 12 * np.log2(hertz / (440.0 / 16))
    # The bin at 0 Hz has no pitch: put it an octave and a half below the first, as Ellis does.
    semitones = np.concatenate([[semitones[0] - 18.0], semitones])
    width = np.concatenate([np.maximum(np.diff(semitones), 1.0), [1.0]])
    distance: Array64 = np.remainder(semitones - np.arange(12)[:, None] + 126, 12) - 6
    bumps = np.exp(-0.5 * (2 * distance / width) ** 2)
    bumps /= np.linalg.norm(bumps, axis=0, keepdims=True)
    bumps *= np.exp(-0.5 * ((semitones / 12 - 5.0) / 2.0) ** 2)
    # Row 0 of the bumps is A; turn until it is C.
    return np.ascontiguousarray(np.roll(bumps, -3, axis=0)[:, :bins], dtype=np.float32)


def clip_range(decibels: npt.NDArray[np.floating], peak: float | None = None) -> Array:
    """Raise everything more than ``RANGE_DB`` below ``peak`` (its own, where None) to that level."""
    top = float(decibels.max(initial=-100.0)) if peak is None else peak
    raised: Array = np.maximum(decibels, np.float32(top - RANGE_DB)).astype(np.float32, copy=False)
    return raised


def mel_cepstra(decibels: npt.NDArray[np.floating], first: int, last: int) -> Array64:
    """Coefficients ``first`` to ``last`` of the DCT over the mel bands: ``[frames, last - first + 1]``.

    Scaled so that the root of the sum of squares of a difference is in dB: with power in nepers it would
    be the (10 / ln 10) * sqrt(2 * sum c^2) of the mel-cepstral distortion (Kubichek 1993).
    """
    cepstra: Array64 = decibels.astype(np.float64) @ dct_matrix(decibels.shape[1], last + 1)
    cepstra /= np.sqrt(decibels.shape[1])
    return cepstra[:, first:]


def pitch(mono: Array) -> Array64:
    """Fundamental frequency of a voice: ``[frames]`` float64 Hz, nan where unvoiced.

    YIN (de Cheveigne and Kawahara 2002), steps 1 to 5.
    Frames are ``FRAME_RATE`` a second, centred like those of :func:`log_mel`.
    """
    hop, width = _TIMBRE.hop_length, 1024
    shortest, longest = int(SAMPLE_RATE / _HIGHEST_HZ), int(SAMPLE_RATE / _LOWEST_HZ)
    frames = 1 + len(mono) // hop
    padded = np.pad(mono.astype(np.float64), (width, width + longest + hop))
    starts = np.arange(frames) * hop + width - width // 2
    found = np.full(frames, np.nan)
    size = 1 << int(np.ceil(np.log2(2 * width + longest)))
    for index, start in enumerate(starts):
        frame = padded[start : start + width + longest]
        head = frame[:width]
        energy = np.concatenate([[0.0], np.cumsum(frame**2)])
        if energy[width] < 1e-6 * width:
            continue
        product = np.fft.irfft(np.conj(np.fft.rfft(head, size)) * np.fft.rfft(frame, size), size)[
            : longest + 1
        ]
        moved = energy[width : width + longest + 1] - energy[: longest + 1]
        difference = energy[width] + moved - 2 * product
        running = np.cumsum(difference[1:])
        normal = difference[1:] * np.arange(1, longest + 1) / np.maximum(running, 1e-12)
        below = np.flatnonzero(normal[shortest - 1 :] < _PERIODIC)
        if not len(below):
            continue
        lag = int(below[0]) + shortest - 1
        while lag + 1 < len(normal) and normal[lag + 1] < normal[lag]:
            lag += 1
        found[index] = SAMPLE_RATE / (lag + 1 + _vertex(normal, lag))
    return found


def _vertex(values: Array64, at: int) -> float:
    """Where the parabola through three points has its lowest, relative to the middle one."""
    if at == 0 or at + 1 >= len(values):
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    curve = before - 2 * here + after
    return float(0.5 * (before - after) / curve) if curve > 0 else 0.0
