"""Sounds of speech by formula: a buzz through resonances, and noise."""

from __future__ import annotations

import numpy as np
from scipy import signal

# First three formants of men, Hz: Peterson and Barney 1952, "Control methods used in a study of the vowels".
VOWELS = {"IY": (270, 2290, 3010), "AA": (730, 1090, 2440), "UW": (300, 870, 2240), "AE": (660, 1720, 2410)}
_WIDTHS = (60, 90, 150, 200)
_FOURTH = 3500


def vowel(
    name: str, hertz: float, rate: int = 16000, seconds: float = 1.0, stretch: float = 1.0
) -> np.ndarray:
    """``[samples]``: a buzz that falls by 6 dB an octave, its formants at ``stretch`` times their place."""
    time = np.arange(round(seconds * rate)) / rate
    phase = hertz * time + 0.3 * np.sin(2 * np.pi * 5 * time) / 5
    top = min(8000, rate / 2) * 0.98
    sound = np.zeros_like(time)
    for harmonic in range(1, int(top / hertz)):
        sound += np.sin(2 * np.pi * harmonic * phase) / harmonic
    for formant, width in zip((*VOWELS[name], _FOURTH), _WIDTHS, strict=True):
        pole = np.exp(-np.pi * width / rate + 2j * np.pi * formant * stretch / rate)
        poles = np.poly([pole, pole.conjugate()]).real
        sound = signal.lfilter([poles.sum()], poles, sound)
    noise = np.random.default_rng(0).standard_normal(len(time))
    return 0.1 * sound / np.sqrt(np.mean(sound**2)) + 3e-4 * noise


def hiss(rate: int = 16000, seconds: float = 1.0) -> np.ndarray:
    """``[samples]``: noise from 4 to 7 kHz."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * rate))
    band = signal.butter(4, [4000, 7000], "bandpass", fs=rate, output="sos")
    return 0.1 * signal.sosfilt(band, noise)


def utterance(sounds: str, hertz: float, rate: int = 16000, stretch: float = 1.0) -> np.ndarray:
    """``[samples]``: 0.25 s each of ``I`` (IY), ``A`` (AA), ``U`` (UW), ``E`` (AE), ``S`` (a hiss)."""
    names = {name[0]: name for name in ("IY", "UW")} | {"A": "AA", "E": "AE"}
    parts = [
        hiss(rate, 0.25) if one == "S" else vowel(names[one], hertz, rate, 0.25, stretch) for one in sounds
    ]
    return np.concatenate(parts)
