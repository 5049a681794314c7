"""Recorded notes play parts: the nearest recording, moved by a few semitones, held as long as written."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import ndimage

from material.room import RATE, Wave
from material.scores import Note, Part

# A recording is moved by so many semitones at most, where a nearer one is to be had.
_REACH = 3
_LAYERS = {"pp": 35, "p": 50, "mp": 60, "mf": 78, "f": 95, "ff": 110}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One recorded note.

    Attributes:
        spline: its samples as cubic spline coefficients, at a level of 1 over its first second.
        pitch: MIDI number.
        velocity: of its dynamic, 1 to 127; of a bowed string, its string's name does not say.
        take: what tells it from others of the same pitch: a dynamic, a string.
        attack: samples until it speaks.
    """

    spline: npt.NDArray[np.float64]
    pitch: int
    velocity: int
    take: str
    attack: int


@lru_cache(maxsize=32)
def load_instrument(folder: Path, instrument: str) -> tuple[Sample, ...]:
    """All recordings of an instrument in a folder with ``index.csv``; wrongly tuned ones are left out."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["instrument"] == instrument]
    samples = []
    for row in rows:
        # What was retuned after the check is right now; what is an octave off was never.
        if not row["retuned_cents"] and abs(float(row["pitch_check_cents"] or 0)) > 60:
            continue
        wave, rate = soundfile.read(folder / row["file"], dtype="float64")
        assert rate == RATE
        samples.append(_sample(wave, int(row["midi"]), row["velocity"]))
    return tuple(samples)


def _sample(wave: npt.NDArray[np.float64], pitch: int, take: str) -> Sample:
    frame = RATE // 100
    energy = np.sqrt(ndimage.uniform_filter1d(wave**2, frame))
    attack = int(np.argmax(energy > 0.2 * energy[:RATE].max()))
    level = np.sqrt(np.mean(wave[attack : attack + RATE] ** 2))
    return Sample(ndimage.spline_filter(wave / level), pitch, _LAYERS.get(take, 80), take, attack)


class Player:
    """One instrument, one take of a piece.

    Args:
        samples: its recordings.
        random: of the small differences from note to note.
        bowed: whether a note sounds as long as it is held; else it is struck or plucked, and decays.
        release: seconds in which a note that is let go dies away.
        undamped: notes above this pitch ring on.
    """

    def __init__(
        self,
        samples: tuple[Sample, ...],
        random: np.random.Generator,
        *,
        bowed: bool,
        release: float,
        undamped: int = 128,
    ) -> None:
        self._samples = samples
        self._random = random
        self._bowed = bowed
        self._release = release
        self._undamped = undamped
        self._recent: dict[int, Sample] = {}
        # A player has habits: a string, and a width of vibrato.
        self._liking = {
            take: float(random.uniform(0, 1.5)) for take in sorted({sample.take for sample in samples})
        }
        self._vibrato = float(random.uniform(0, 14))
        self._speed = float(random.uniform(4.6, 6.2))

    def play(self, part: Part) -> Wave:
        """Play a part: ``[samples]`` float32."""
        end = max((note.end for note in part), default=0.0) + 3.0
        mixed = np.zeros(round(end * RATE))
        before: Note | None = None
        for note in part:
            joined = self._bowed and before is not None and -0.05 < note.start - before.end < 0.03
            slurred = joined and self._random.random() < 0.45
            sound = self._bow(note, slurred=slurred) if self._bowed else self._strike(note)
            at = round(note.start * RATE)
            sound = sound[: len(mixed) - at]
            mixed[at : at + len(sound)] += sound
            before = note
        return mixed.astype(np.float32)

    def _bow(self, note: Note, *, slurred: bool) -> npt.NDArray[np.float64]:
        sample = self._choose(note)
        count = round((note.seconds + self._release) * RATE)
        time = np.arange(count) / RATE
        # Short notes are bowed at once; a slurred one has no attack of its own.
        skipped = sample.attack - 0.012 * RATE
        if slurred:
            skipped += 0.1 * RATE
        wide = self._vibrato * np.clip((time - 0.2) / 0.3, 0, 1) if note.seconds > 0.35 else 0.0
        cents = self._random.normal(0, 4) + wide * np.sin(
            2 * np.pi * self._speed * self._random.uniform(0.95, 1.05) * time + self._random.uniform(0, 6.28)
        )
        ratio = np.broadcast_to(2 ** ((note.pitch - sample.pitch + cents / 100) / 12), (count,))
        position = max(0.0, skipped) + np.cumsum(ratio) - ratio[0]
        sound = self._held(sample, position)
        shape = 1 + self._random.uniform(-0.15, 0.25) * np.sin(
            np.pi * np.clip(time / max(note.seconds, 0.6), 0, 1)
        )
        rise = 0.035 if slurred else 0.01
        shape = shape * np.clip(time / rise, 0, 1)
        fall = np.clip((note.seconds + self._release - time) / self._release, 0, 1)
        return np.asarray(sound * shape * np.sin(np.pi / 2 * fall) * self._loudness(note, 1.2))

    def _held(self, sample: Sample, position: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The recording at the wanted positions; beyond its end it goes on from its middle, cross-faded."""
        fade = 0.12 * RATE
        end = len(sample.spline) - 0.35 * RATE  # its last third of a second was faded when it was cut
        first = min(sample.attack + 0.3 * RATE, 0.4 * end)
        begin = first
        sound = np.zeros(len(position))
        offset = 0.0
        while True:
            here = position - offset
            weight = np.clip((end - here) / fade, 0, 1)
            if offset:
                weight = np.minimum(weight, np.clip((here - begin) / fade, 0, 1))
            used = weight > 0
            read = ndimage.map_coordinates(sample.spline, here[used][None], prefilter=False, mode="nearest")
            sound[used] += read * np.sin(np.pi / 2 * weight[used])
            if here[-1] < end - fade:
                return sound
            # Each turn takes up the recording elsewhere, so that no loop is heard.
            begin = float(self._random.uniform(first, max(first, 0.6 * end)))
            offset += end - fade - begin

    def _strike(self, note: Note) -> npt.NDArray[np.float64]:
        sample = self._choose(note)
        ratio = 2 ** ((note.pitch - sample.pitch + self._random.normal(0, 2) / 100) / 12)
        ring = 2.5 if note.pitch > self._undamped else 6 * self._release
        begin = max(0.0, sample.attack - 0.006 * RATE)
        count = round(min(note.seconds + ring, (len(sample.spline) - begin) / ratio / RATE) * RATE)
        time = np.arange(count) / RATE
        position = begin + ratio * np.arange(count)
        sound = ndimage.map_coordinates(sample.spline, position[None], prefilter=False, mode="constant")
        if note.pitch <= self._undamped:
            sound = sound * np.exp(-np.maximum(0, time - note.seconds) / self._release)
        sound = sound * np.clip(time / 0.003, 0, 1) * np.clip((time[-1] - time) / 0.02, 0, 1)
        return np.asarray(sound * self._loudness(note, 1.7))

    def _choose(self, note: Note) -> Sample:
        """The recording near in pitch and loudness, a liked one first, not twice the same in a row."""
        near = min(abs(sample.pitch - note.pitch) for sample in self._samples)
        fits = [sample for sample in self._samples if abs(sample.pitch - note.pitch) <= max(near, _REACH)]

        def distance(sample: Sample) -> float:
            apart = abs(sample.pitch - note.pitch) + abs(sample.velocity - note.velocity) / 8
            again = 0.8 if self._recent.get(note.pitch) is sample else 0.0
            return apart + self._liking[sample.take] + again + float(self._random.uniform(0, 0.4))

        chosen = min(fits, key=distance)
        self._recent[note.pitch] = chosen
        return chosen

    def _loudness(self, note: Note, power: float) -> float:
        return float((note.velocity / 90) ** power * 10 ** (self._random.normal(0, 0.6) / 20))
