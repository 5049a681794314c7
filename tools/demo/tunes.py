"""Tunes made by rule: a seed decides key, metre, chords and melody, so nobody else has a claim on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from notes import TimedNote

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_DORIAN = (0, 2, 3, 5, 7, 9, 10)
# Degrees of the scale, one chord a bar; each line ends where the next may begin.
_PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 5, 3), (5, 3, 0, 4), (0, 1, 4, 0))
_RHYTHMS = {
    3: ((1.0, 1.0, 1.0), (2.0, 1.0), (1.5, 0.5, 1.0), (1.0, 0.5, 0.5, 1.0)),
    4: ((1.0, 1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (1.5, 0.5, 1.0, 1.0), (0.5, 0.5, 1.0, 0.5, 0.5, 1.0)),
}
_LOWEST, _HIGHEST = 60, 81


@dataclass(frozen=True, slots=True)
class Note(TimedNote):
    """One note, with its ``loudness`` from 0 to 1."""

    loudness: float


def tune(seed: int, *, accompanied: bool) -> list[Note]:
    """A tune of 16 bars in the form A A B A, a melody alone or over broken chords.

    Args:
        seed: decides everything.
        accompanied: with chords below.

    Returns:
        Notes in order of their start, about half a minute of them.
    """
    random = np.random.default_rng(seed)
    metre = int(random.choice([3, 4]))
    beat = 60.0 / float(random.uniform(108, 148))
    scale = _MAJOR if random.random() < 0.6 else _DORIAN
    tonic = 60 + int(random.integers(-5, 7))
    lines = [_line(random, metre, scale, tonic) for _ in range(2)]
    chords = [list(_PROGRESSIONS[int(random.integers(len(_PROGRESSIONS)))]) for _ in range(2)]
    notes: list[Note] = []
    bar_start = 0.0
    for part in (0, 0, 1, 0):
        for bar, chord in zip(lines[part], chords[part], strict=True):
            position = bar_start
            for index, (length, pitch) in enumerate(bar):
                loud = 0.9 if index == 0 else 0.7
                notes.append(
                    Note(position, length * beat * 0.95, pitch, loud * float(random.uniform(0.9, 1)))
                )
                position += length * beat
            if accompanied:
                notes += _broken_chord(chord, scale, tonic, bar_start, beat, metre)
            bar_start += metre * beat
    last = max(notes, key=lambda note: (note.start, note.pitch))
    notes.append(Note(bar_start, 3 * beat, _near(tonic, last.pitch), 0.8))
    return sorted(notes, key=lambda note: note.start)


def _line(
    random: np.random.Generator, metre: int, scale: tuple[int, ...], tonic: int
) -> list[list[tuple[float, int]]]:
    """Four bars of melody: mostly steps, now and then a leap that is filled in afterwards."""
    degree, leap = int(random.integers(0, 5)), 0
    bars = []
    for _ in range(4):
        rhythm = _RHYTHMS[metre][int(random.integers(len(_RHYTHMS[metre])))]
        bar = []
        for length in rhythm:
            bar.append((length, _held(tonic + 12 * (degree // 7) + scale[degree % 7])))
            if leap:
                degree, leap = degree - int(np.sign(leap)), 0
            elif random.random() < 0.2:
                leap = int(random.choice([-4, -3, 3, 4]))
                degree += leap
            else:
                degree += int(random.choice([-1, -1, 1, 1, 0]))
            degree = min(11, max(-2, degree))
        bars.append(bar)
    return bars


def _broken_chord(
    degree: int, scale: tuple[int, ...], tonic: int, start: float, beat: float, metre: int
) -> list[Note]:
    tones = [tonic - 12 + 12 * ((degree + step) // 7) + scale[(degree + step) % 7] for step in (0, 2, 4)]
    bass = Note(start, metre * beat * 0.9, tones[0] - 12 if tones[0] > 52 else tones[0], 0.6)
    above = [Note(start + index * beat, beat * 0.9, tones[1 + index % 2], 0.4) for index in range(1, metre)]
    return [bass, *above]


def _held(pitch: int) -> int:
    while pitch < _LOWEST:
        pitch += 12
    while pitch > _HIGHEST:
        pitch -= 12
    return pitch


def _near(tonic: int, pitch: int) -> int:
    """The tonic in the octave nearest to a pitch."""
    return _held(tonic + 12 * round((pitch - tonic) / 12))
