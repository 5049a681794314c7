"""The same tune for a country band and for a string quartet."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from material.harmony import Chord, near
from material.scores import Note, Part, fold

_KICK, _SNARE, _STICK, _HAT, _BRUSH = 36, 38, 37, 42, 40


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the beats are.

    Attributes:
        beats: seconds of each, equal steps or not.
        metre: beats a bar.
    """

    beats: list[float]
    metre: int

    def slots(self, size: int) -> list[tuple[float, float]]:
        """Stretches of ``size`` beats."""
        edges = self.beats[::size]
        return list(itertools.pairwise(edges))


def band(tune: Part, chords: list[Chord], grid: Grid, random: np.random.Generator) -> dict[str, Part]:
    """Parts of a country band: a lead, and what goes on under it.

    Returns:
        ``fiddle`` or ``banjo`` with the tune, the banjo's rolls where it does not lead, ``guitar``, ``bass``
        and ``drums``; of the drums the pitches are General MIDI percussion.
    """
    lead = fold(tune, 60, 93)
    lead_by = "fiddle" if random.random() < 0.7 else "banjo"
    parts: dict[str, Part] = {lead_by: lead}
    if lead_by == "fiddle" or random.random() < 0.3:
        parts["banjo" if lead_by == "fiddle" else "fiddle"] = (
            _rolls(chords, grid, random) if lead_by == "fiddle" else lead
        )
    parts["guitar"] = _strums(chords, grid, random)
    parts["bass"] = _bass(chords, grid)
    if random.random() < 0.85:
        parts["drums"] = _drums(grid, random)
    return parts


def quartet(tune: Part, chords: list[Chord], grid: Grid, random: np.random.Generator) -> list[Part]:
    """Four parts, highest first: the tune, and three that hold, repeat or break its chords."""
    lead = fold(tune, 62, 93)
    style = str(random.choice(["held", "beaten", "broken"], p=[0.8, 0.1, 0.1]))
    second: Part = []
    viola: Part = []
    cello: Part = []
    voices = (67.0, 58.0)
    for chord in chords:
        above = min((n.pitch for n in lead if n.start < chord.end and n.end > chord.start), default=74)
        high = near(min(chord.classes, key=lambda c: abs(near(c, voices[0]) - voices[0])), voices[0])
        while high > max(57, above):
            high -= 12
        middle = near(min(chord.classes, key=lambda c: abs(near(c, high - 7) - (high - 6))), high - 7)
        low = near(chord.root, 43)
        voices = (0.5 * (high + 66), float(middle))
        beats = [beat for beat in grid.beats if chord.start - 1e-6 <= beat < chord.end - 1e-6]
        for part, pitch in ((second, max(55, high)), (viola, max(48, middle)), (cello, max(36, low))):
            if style == "held" or part is cello:
                part.append(Note(chord.start, chord.end - chord.start, pitch, 78))
            elif style == "beaten":
                part += _repeat(beats, chord.end, [pitch], 74)
            else:
                others = [pitch, near(chord.classes[2], pitch), near(chord.classes[1], pitch)]
                part += _repeat(_halves(beats, chord.end), chord.end, others, 70)
    return [lead, second, viola, _joined(cello)]


def _repeat(starts: list[float], end: float, pitches: list[int], velocity: int) -> Part:
    ends = [*starts[1:], end]
    return [
        Note(start, after - start, pitches[index % len(pitches)], velocity)
        for index, (start, after) in enumerate(zip(starts, ends, strict=True))
    ]


def _halves(beats: list[float], end: float) -> list[float]:
    ends = [*beats[1:], end]
    return [time for start, after in zip(beats, ends, strict=True) for time in (start, 0.5 * (start + after))]


def _joined(part: Part) -> Part:
    """A held bass: equal neighbours become one note of two chords at most."""
    joined: Part = []
    for note in part:
        last = joined[-1] if joined else None
        if last is not None and last.pitch == note.pitch and last.seconds < 1.6 * note.seconds:
            joined[-1] = Note(last.start, note.end - last.start, last.pitch, last.velocity)
        else:
            joined.append(note)
    return joined


def _chord_at(chords: list[Chord], time: float) -> Chord:
    return next((chord for chord in chords if chord.start - 1e-6 <= time < chord.end - 1e-6), chords[-1])


def _rolls(chords: list[Chord], grid: Grid, random: np.random.Generator) -> Part:
    order = [0, 1, 2, 3, 1, 2, 3, 1] if random.random() < 0.5 else [2, 1, 3, 0, 2, 1, 3, 1]
    part: Part = []
    times = _halves(grid.beats, grid.beats[-1])[:-2]
    for index, time in enumerate(times):
        chord = _chord_at(chords, time)
        tones = [
            near(chord.root, 55),
            near(chord.classes[1], 60),
            near(chord.classes[2], 64),
            near(chord.root, 69),
        ]
        part.append(Note(time, 0.3, tones[order[index % 8]], int(70 + 10 * (index % 4 == 0))))
    return part


def _strums(chords: list[Chord], grid: Grid, random: np.random.Generator) -> Part:
    part: Part = []
    down = random.random() < 0.1
    places = (52, 57, 60, 64, 67, 55) if random.random() < 0.25 else (60,) * 3
    for index, (start, end) in enumerate(zip(grid.beats, grid.beats[1:], strict=False)):
        if not down and index % grid.metre % 2 == 0 and grid.metre != 3:
            continue
        if grid.metre == 3 and index % 3 == 0:
            continue
        chord = _chord_at(chords, start)
        tones = sorted({near(c, p) for c, p in zip(chord.classes * 2, places, strict=False)})
        for place, pitch in enumerate(tones):
            part.append(Note(start + 0.011 * place, 0.8 * (end - start), pitch, 72 - 2 * place))
    return part


def _bass(chords: list[Chord], grid: Grid) -> Part:
    part: Part = []
    step = 3 if grid.metre == 3 else 2
    for index in range(0, len(grid.beats) - 1, step):
        start, end = grid.beats[index : index + 2]
        chord = _chord_at(chords, start)
        pitch = near(chord.classes[2] if index // step % 2 else chord.root, 38)
        part.append(Note(start, end - start, pitch, 88))
    return part


def _drums(grid: Grid, random: np.random.Generator) -> Part:
    back = int(random.choice([_SNARE, _STICK, _BRUSH], p=[0.5, 0.2, 0.3]))
    hats = random.random() < 0.15
    part: Part = []
    for index, start in enumerate(grid.beats[:-1]):
        strong = index % grid.metre == 0 if grid.metre == 3 else index % grid.metre % 2 == 0
        part.append(Note(start, 0.1, _KICK if strong else back, 84 if strong else 78))
    if hats:
        part += [Note(time, 0.1, _HAT, 62) for time in _halves(grid.beats, grid.beats[-1])[:-2]]
    return sorted(part, key=lambda note: note.start)
