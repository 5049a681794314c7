"""Two instruments that nobody takes for one another: an accordion that holds, a guitar that is plucked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from demo.tunes import Note

Wave = npt.NDArray[np.float32]
Instrument = Callable[[Note, int, np.random.Generator], Wave]
_PEAK = 0.7


def accordion(note: Note, sample_rate: int, random: np.random.Generator) -> Wave:
    """Two free reeds a few cents apart: every harmonic, three formants, bellows that swell and tremble.

    Args:
        note: what to play.
        sample_rate: Hz.
        random: of the small differences from note to note.

    Returns:
        ``[samples]`` float32, longer than the note by its release.
    """
    release = 0.06
    time = np.arange(round((note.seconds + release) * sample_rate)) / sample_rate
    harmonics = np.arange(1, max(2, int(0.45 * sample_rate / note.hertz)) + 1)
    hertz = harmonics * note.hertz
    formants = sum(
        weight * np.exp(-0.5 * (np.log2(hertz / centre) / width) ** 2)
        for centre, width, weight in ((600.0, 0.9, 1.0), (1700.0, 0.5, 0.9), (3600.0, 0.5, 0.6))
    )
    amount = (0.08 + formants) / harmonics**0.6 / (1 + (hertz / 7000) ** 4)
    table = _period(amount, random)
    wave = np.zeros(len(time))
    for cents in (-7.0, 6.0):
        tremble = 0.0012 * np.sin(2 * np.pi * 5.6 * time + random.uniform(0, 6.28))
        speed = note.hertz * 2 ** (cents / 1200) * (1 + tremble)
        phase = (np.cumsum(speed) / sample_rate + random.uniform()) % 1.0
        wave += np.interp(phase * (len(table) - 1), np.arange(len(table)), table)
    rise = 1 - np.exp(-time / 0.018)
    fall = np.clip((note.seconds + release - time) / release, 0, 1)
    swell = 1 + 0.12 * np.sin(2 * np.pi * 5.6 * time + random.uniform(0, 6.28))
    valve = random.normal(0, 0.25, len(time)) * np.exp(-time / 0.008)
    air = random.normal(0, 0.012, len(time))
    scale = float(np.sqrt(np.mean(wave**2)) + 1e-9)
    tone = (wave / scale + air) * rise * swell + valve
    return np.asarray(0.25 * note.loudness * fall * tone, dtype=np.float32)


def guitar(note: Note, sample_rate: int, random: np.random.Generator) -> Wave:
    """A plucked string by Karplus and Strong (1983), tuned between samples, on a small wooden body.

    Arguments and result as for :func:`accordion`; it rings on after the note for half a second at most.
    """
    ring = min(0.5, 0.15 + note.seconds)
    count = round((note.seconds + ring) * sample_rate)
    period = sample_rate / note.hertz
    # The loop's averaging delays by half a sample; what is left over is split between two taps.
    whole = int(period - 0.5)
    share = period - 0.5 - whole
    taps = np.convolve([0.5, 0.5], [1 - share, share])
    taps *= 10 ** (-3 / (note.hertz * 2.2))
    burst = random.uniform(-1, 1, whole + 2)
    burst = np.convolve(burst, [0.25, 0.5, 0.25], "same")
    # Plucked at a fifth of its length: every fifth harmonic is missing.
    burst -= np.roll(burst, whole // 5)
    string = np.zeros(count + whole + 2)
    string[: whole + 2] = burst - burst.mean()
    for start in range(whole + 2, len(string), whole):
        stop = min(start + whole, len(string))
        string[start:stop] = sum(
            tap * string[start - whole - lag : stop - whole - lag] for lag, tap in enumerate(taps)
        )
    wave = string[:count]
    time = np.arange(count) / sample_rate
    damped = np.where(time < note.seconds, 1.0, np.exp(-(time - note.seconds) / 0.05))
    loud = 0.35 * note.loudness / (np.sqrt(np.mean(wave[: sample_rate // 10] ** 2)) + 1e-9)
    return np.asarray(wave * damped * loud, dtype=np.float32)


INSTRUMENTS: dict[str, Instrument] = {"accordion": accordion, "guitar": guitar}


def perform(notes: Sequence[Note], instrument: str, sample_rate: int, *, seed: int = 0) -> Wave:
    """Play a tune: ``[samples]`` float32 with a peak of 0.7, in a small room.

    Args:
        notes: what to play.
        instrument: a name in ``INSTRUMENTS``.
        sample_rate: Hz.
        seed: of the performance; another one is another take of the same tune.
    """
    random = np.random.default_rng(seed)
    play = INSTRUMENTS[instrument]
    played = [(round(note.start * sample_rate), play(note, sample_rate, random)) for note in notes]
    tail = round(0.4 * sample_rate)
    wave = np.zeros(max(start + len(sound) for start, sound in played) + tail)
    for start, sound in played:
        wave[start : start + len(sound)] += sound
    mixed = _filtered(wave, np.convolve(_resonances(instrument, sample_rate), _room(sample_rate)))
    # No recording is without a floor; without one silence would tell the two collections apart.
    mixed += random.normal(0, 10 ** (-72 / 20), len(mixed)) * np.abs(mixed).max()
    return np.asarray(mixed * (_PEAK / np.abs(mixed).max()), dtype=np.float32)


def _period(amount: npt.NDArray[np.float64], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """One period of a sum of harmonics with random phases, its first sample again at its end."""
    size = max(1024, 1 << int(np.ceil(np.log2(8 * len(amount)))))
    spectrum = np.zeros(size // 2 + 1, dtype=complex)
    spectrum[1 : len(amount) + 1] = amount * np.exp(2j * np.pi * random.uniform(size=len(amount)))
    table = np.fft.irfft(spectrum, size)
    return np.append(table, table[0])


def _resonances(instrument: str, sample_rate: int) -> npt.NDArray[np.float64]:
    """Impulse response of the body: the direct sound and a few decaying tones."""
    time = np.arange(round(0.15 * sample_rate)) / sample_rate
    body = {
        "guitar": ((98.0, 18.0, 0.010), (204.0, 24.0, 0.012), (390.0, 40.0, 0.008), (610.0, 55.0, 0.006)),
        "accordion": ((480.0, 60.0, 0.004), (1150.0, 90.0, 0.003)),
    }[instrument]
    response = sum(
        weight * np.exp(-rate * time) * np.sin(2 * np.pi * hertz * time) for hertz, rate, weight in body
    )
    response = np.asarray(response) * (44100 / sample_rate)
    response[0] += 1.0
    return response


def _room(sample_rate: int) -> npt.NDArray[np.float64]:
    """Impulse response of a room: the direct sound, then a third of a second of decaying noise."""
    time = np.arange(round(0.35 * sample_rate)) / sample_rate
    noise = np.random.default_rng(7).normal(size=len(time)) * np.exp(-time / 0.06)
    noise[: round(0.006 * sample_rate)] = 0
    noise = np.convolve(noise, [0.25, 0.5, 0.25], "same")
    noise *= 0.25 / np.sqrt(np.sum(noise**2))
    noise[0] = 1.0
    return noise


def _filtered(wave: npt.NDArray[np.float64], response: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The wave through an impulse response, cut to its own length."""
    size = 1 << int(np.ceil(np.log2(len(wave) + len(response))))
    return np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(response, size), size)[: len(wave)]
