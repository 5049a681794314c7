"""What stands between an instrument and a recording: a room, a microphone, a floor of noise, a level."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

Wave = npt.NDArray[np.float32]
RATE = 22050
LEVEL = -21.0  # dB of full scale, root mean square
_PEAK = 0.89


@dataclass(frozen=True, slots=True)
class Room:
    """A place to record in.

    Attributes:
        seconds: until the reverberation has fallen by 60 dB at low frequencies.
        wet: level of all reflections against the direct sound, in dB.
        damping: how much sooner 8 kHz has died away than the bass, a factor.
        seed: of its reflections.
    """

    seconds: float
    wet: float
    damping: float
    seed: int


def draw_room(random: np.random.Generator) -> Room:
    """A room between a studio and a small hall."""
    seconds = float(np.exp(random.uniform(np.log(0.25), np.log(1.8))))
    return Room(
        seconds,
        float(random.uniform(-16, -5)),
        float(random.uniform(0.25, 0.7)),
        int(random.integers(1 << 31)),
    )


def impulse_response(room: Room) -> npt.NDArray[np.float64]:
    """Direct sound, a few early reflections, and noise that decays faster the higher it is: ``[samples]``."""
    random = np.random.default_rng(room.seed)
    count = round(1.1 * room.seconds * RATE)
    time = np.arange(count) / RATE
    tail = np.zeros(count)
    edges = (60.0, 500.0, 2000.0, 5000.0, 10500.0)
    for low, high in itertools.pairwise(edges):
        share = np.log2(np.sqrt(low * high) / 170.0) / np.log2(8000 / 170.0)
        seconds = room.seconds * (1 - (1 - room.damping) * float(np.clip(share, 0, 1)))
        band = signal.sosfilt(
            signal.butter(2, (low, high), "bandpass", fs=RATE, output="sos"), random.normal(size=count)
        )
        tail += band * np.exp(-6.91 * time / seconds)
    delay = round(random.uniform(0.004, 0.025) * RATE)
    tail = np.concatenate([np.zeros(delay), tail])[:count]
    for _ in range(8):
        tail[int(random.uniform(0.003, 0.04) * RATE)] += random.choice([-1, 1]) * 6 * random.uniform(0.3, 1)
    tail *= 10 ** (room.wet / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def reverberate(wave: Wave, room: Room) -> Wave:
    """The wave in a room, with its tail: ``[samples + tail]``."""
    return np.asarray(signal.fftconvolve(wave, impulse_response(room)), dtype=np.float32)


def mix(stems: list[Wave]) -> Wave:
    """The sum of stems that begin together: as long as the longest."""
    total = np.zeros(max(len(stem) for stem in stems), dtype=np.float32)
    for stem in stems:
        total[: len(stem)] += stem
    return total


def colour(wave: Wave, random: np.random.Generator) -> Wave:
    """A microphone and its place: a tilt of up to 1.2 dB an octave, two broad bumps, at times a lost top."""
    # Room behind it, for what a filter of no delay sounds before the first note: it goes round to the end.
    size = len(wave) + RATE // 2
    spectrum = np.fft.rfft(wave, size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    octaves = np.log2(np.maximum(hertz, 30) / 800)
    gain = float(random.uniform(-1.2, 1.2)) * octaves
    for _ in range(2):
        centre = float(random.uniform(-3, 3.5))
        gain = gain + float(random.uniform(-3, 3)) * np.exp(
            -0.5 * ((octaves - centre) / random.uniform(0.4, 1)) ** 2
        )
    gain = gain - 24 * np.maximum(0, np.log2(random.uniform(30, 70) / np.maximum(hertz, 1)))
    if random.random() < 0.2:
        gain = gain - 18 * np.maximum(0, np.log2(np.maximum(hertz, 1) / random.uniform(6000, 9000)))
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain / 20), size)[: len(wave)], dtype=np.float32)


def finish(wave: Wave, random: np.random.Generator, noise_db: tuple[float, float]) -> Wave:
    """Bring a recording to ``LEVEL``, fade its end, and lay a faint floor of noise below it.

    Args:
        wave: ``[samples]`` float32.
        random: of the noise.
        noise_db: the least and the most of it, root mean square, in dB of full scale.
    """
    fade = np.minimum(1.0, np.arange(len(wave))[::-1] / (0.05 * RATE))
    wave = wave * fade.astype(np.float32)
    gain = 10 ** (LEVEL / 20) / np.sqrt(np.mean(wave**2))
    gain = min(gain, _PEAK / np.abs(wave).max())
    pink = signal.lfilter([0.05, -0.096, 0.051], [1, -2.495, 2.017, -0.522], random.normal(size=len(wave)))
    pink *= 10 ** (float(random.uniform(*noise_db)) / 20) / np.sqrt(np.mean(pink**2))
    return np.asarray(wave * gain + pink, dtype=np.float32)
