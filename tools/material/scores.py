"""Scores: a MIDI file becomes parts of notes in seconds."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import mido
from notes import TimedNote

DRUM_CHANNEL = 9


@dataclass(frozen=True, slots=True)
class Note(TimedNote):
    """One note of a part, with its ``velocity`` from 1 to 127."""

    velocity: int


Part = list[Note]


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the scores' table.

    Attributes:
        name: of the file, without its folder and ending.
        path: of the MIDI file.
        title: as in the table.
        licence: as in the table.
        collection: the folder it lies in.
        instruments: as in the table.
    """

    name: str
    path: Path
    title: str
    licence: str
    collection: str
    instruments: str


def list_scores(folder: Path) -> list[Score]:
    """Scores of a folder with a table ``index.csv``, in its order."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        return [
            Score(
                name=Path(row["file"]).stem,
                path=folder / row["file"],
                title=row["title"],
                licence=row["licence"],
                collection=Path(row["file"]).parent.name,
                instruments=row["instruments"],
            )
            for row in csv.DictReader(file)
        ]


def plain_title(title: str) -> str:
    """A title for comparison: letters only, without the kind of dance, which is written in many ways.

    A folder in front (``ryan/``) and what stands in parentheses do not count.
    """
    bare = re.sub(r"^\S*/|\([^)]*\)?", "", title)
    letters = re.sub(r"[^a-z]", "", bare.lower())
    return re.sub(r"(reel|hornpipe|jig|polka|march|clog|fling|the)", "", letters)


def read_parts(path: Path) -> list[Part]:
    """Parts of a MIDI file, drums left out, in the file's order; each sorted by start.

    A part is one channel of one track. Notes of no length are left out.
    """
    file = mido.MidiFile(path)
    seconds_at = _Clock(file)
    parts: dict[tuple[int, int], Part] = defaultdict(list)
    for number, track in enumerate(file.tracks):
        tick = 0
        sounding: dict[tuple[int, int], tuple[float, int]] = {}
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off") or message.channel == DRUM_CHANNEL:
                continue
            key = (message.channel, message.note)
            if key in sounding:
                start, velocity = sounding.pop(key)
                seconds = seconds_at(tick) - start
                if seconds > 0:
                    parts[number, message.channel].append(Note(start, seconds, message.note, velocity))
            if message.type == "note_on" and message.velocity > 0:
                sounding[key] = (seconds_at(tick), message.velocity)
    return [sorted(part, key=lambda note: (note.start, note.pitch)) for part in parts.values() if part]


def read_beats(path: Path) -> tuple[list[float], int]:
    """Seconds of every beat of a MIDI file, and how many make a bar; of 6/8 a beat is three eighths.

    The metre is the file's first; a beat shorter than 0.38 s is counted with its neighbour, as a foot taps.
    """
    file = mido.MidiFile(path)
    seconds_at = _Clock(file)
    metre = next((m for track in file.tracks for m in track if m.type == "time_signature"), None)
    count, unit = (metre.numerator, metre.denominator) if metre else (4, 4)
    ticks = 4 * file.ticks_per_beat // unit
    if unit == 8 and count % 3 == 0:
        count, ticks = count // 3, 3 * ticks
    if count == 1 or (count % 2 == 0 and seconds_at(ticks) < 0.38):
        count, ticks = max(1, count // 2), 2 * ticks
    last = max(sum(message.time for message in track) for track in file.tracks)
    return [seconds_at(tick) for tick in range(0, last + 1, ticks)], max(2, count)


class _Clock:
    """Seconds at a tick, over all changes of tempo."""

    def __init__(self, file: mido.MidiFile) -> None:
        changes: dict[int, int] = {0: 500_000}
        for track in file.tracks:
            tick = 0
            for message in track:
                tick += message.time
                if message.type == "set_tempo":
                    changes[tick] = message.tempo
        self._steps: list[tuple[int, float, float]] = []
        seconds, last_tick, rate = 0.0, 0, 0.0
        for tick, tempo in sorted(changes.items()):
            seconds += (tick - last_tick) * rate
            rate = tempo / 1e6 / file.ticks_per_beat
            self._steps.append((tick, seconds, rate))
            last_tick = tick

    def __call__(self, tick: int) -> float:
        begun, seconds, rate = next(step for step in reversed(self._steps) if step[0] <= tick)
        return seconds + (tick - begun) * rate


def melody(part: Part) -> Part:
    """One voice: the highest note of those that begin together, each ended by the next."""
    voice: Part = []
    for note in part:
        if voice and note.start - voice[-1].start < 0.03:
            if note.pitch > voice[-1].pitch:
                voice[-1] = note
        elif not voice or note.pitch >= voice[-1].pitch or note.start >= voice[-1].end - 0.03:
            voice.append(note)
    following = [note.start for note in voice[1:]] + [float("inf")]
    return [
        replace(note, seconds=min(note.seconds, after - note.start))
        for note, after in zip(voice, following, strict=True)
    ]


def excerpt(parts: list[Part], start: float, seconds: float) -> tuple[list[Part], float]:
    """What begins in a stretch of time, moved to begin at 0; a note that lasts beyond it ends with it.

    Returns:
        The parts, and where in the score they begin, in seconds.
    """
    cut = [
        [
            replace(note, start=note.start - start, seconds=min(note.seconds, start + seconds - note.start))
            for note in part
            if start <= note.start < start + seconds
        ]
        for part in parts
    ]
    begin = min((note.start for part in cut for note in part), default=0.0)
    return [[replace(note, start=note.start - begin) for note in part] for part in cut], start + begin


def transpose(part: Part, semitones: int) -> Part:
    """The part, higher by ``semitones``."""
    return [replace(note, pitch=note.pitch + semitones) for note in part]


def fold(part: Part, lowest: int, highest: int) -> Part:
    """The part moved by the octaves that bring most of it into a range; what is still outside moves alone."""
    if not part:
        return part
    octaves = min(
        range(-4, 5),
        key=lambda octave: (
            sum(not lowest <= note.pitch + 12 * octave <= highest for note in part),
            abs(octave),
        ),
    )
    moved = []
    for note in transpose(part, 12 * octaves):
        pitch = note.pitch
        while pitch < lowest:
            pitch += 12
        while pitch > highest:
            pitch -= 12
        moved.append(replace(note, pitch=pitch))
    return moved
