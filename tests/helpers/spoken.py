"""People who speak, by formula: vowels and hisses in turn, at a pitch that glides, with pauses; and music."""

from __future__ import annotations

import numpy as np
from scipy import signal

from tests.helpers.vowels import VOWELS

RATE = 22050
_HISS = signal.butter(4, [4000, 8000], "bandpass", fs=RATE, output="sos")


def speaker(hertz: float, seed: int = 0, seconds: float = 6.0, fall: float = 5.0) -> np.ndarray:
    """``[samples]`` at 22.05 kHz: half-second words, each a hiss, two vowels, a hiss and a pause.

    Args:
        hertz: at which words begin.
        seed: of the choice of vowels.
        seconds: in all.
        fall: semitones by which the pitch falls and rises again in each word; 0: a voice that sings one note.
    """
    random = np.random.default_rng(seed)
    length = RATE // 2
    time = np.arange(length) / RATE
    words = []
    for _ in range(round(2 * seconds)):
        pitch = hertz * 2 ** (-fall / 12 * np.sin(2 * np.pi * time))
        buzz = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0)
        first, second = random.choice(list(VOWELS), 2, replace=False)
        voiced = np.where(time < 0.25, _mouth(buzz, first), _mouth(buzz, second))
        noise = random.standard_normal(length)
        hiss = 0.15 * signal.sosfilt(_HISS, noise)
        spoken = np.select([time < 0.06, time < 0.4, time < 0.45], [hiss, voiced, hiss], 0.0)
        words.append(spoken + 1e-3 * noise)
    return 0.1 * np.concatenate(words)


def _mouth(buzz: np.ndarray, vowel: str) -> np.ndarray:
    """A buzz through the resonances of a vowel."""
    sound = signal.lfilter([1.0], [1.0, -0.95], buzz)
    for formant, width in zip(VOWELS[vowel], (60, 90, 150), strict=True):
        pole = np.exp(-np.pi * width / RATE + 2j * np.pi * formant / RATE)
        poles = np.poly([pole, pole.conjugate()]).real
        sound = signal.lfilter([poles.sum()], poles, sound)
    return sound / np.sqrt(np.mean(sound**2))


def notes(hertz: float, seed: int = 0, seconds: float = 6.0, vibrato: float = 0.3) -> np.ndarray:
    """``[samples]`` at 22.05 kHz: three notes of a scale a second, that tremble by ``vibrato`` semitones."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    scale = random.choice([0, 2, 4, 5, 7, 9, 11, 12], size=int(3 * seconds) + 1)[(3 * time).astype(int)]
    pitch = hertz * 2 ** ((scale + vibrato * np.sin(2 * np.pi * 6 * time)) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, int(9000 / (2 * hertz))))
    return 0.1 * sound * np.minimum(1, 20 * (3 * time % 1)) + 1e-4 * random.standard_normal(len(time))
