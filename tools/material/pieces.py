"""Which pieces are played: excerpts of scores in one, two or more parts, none of them twice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from material.scores import Part, Score, excerpt, list_scores, melody, plain_title, read_parts

_TUNES = ("country",)
_LONGEST = 26.0
_SHORTEST = 11.0


@dataclass(frozen=True, slots=True)
class Piece:
    """An excerpt to be played.

    Attributes:
        score: where it is from.
        parts: highest voice first.
        start: where in the score it begins, in seconds.
    """

    score: Score
    parts: list[Part]
    start: float


def usable_scores(folder: Path, avoid: list[Path]) -> list[Score]:
    """Scores of a folder without those whose titles stand in the column ``piece`` of certain tables.

    Args:
        folder: with ``index.csv``.
        avoid: tables of recordings that models are tested on.
    """
    titles = set()
    for table in avoid:
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                titles.add(plain_title(row["piece"]))
    return [score for score in list_scores(folder) if plain_title(score.title) not in titles]


class Shelf:
    """Scores in a random order, each taken once.

    Args:
        scores: all of them.
        random: of the order, and of where excerpts begin.
    """

    def __init__(self, scores: list[Score], random: np.random.Generator) -> None:
        self._random = random
        shuffled = [scores[index] for index in random.permutation(len(scores))]
        self._tunes = iter([score for score in shuffled if score.collection in _TUNES])
        self._others = iter([score for score in shuffled if score.collection not in _TUNES])

    def tune(self) -> Piece:
        """A whole fiddle tune, one part, as often repeated as fits."""
        for score in self._tunes:
            parts = read_parts(score.path)
            if not parts:
                continue
            voice = melody(max(parts, key=_mean_pitch))
            cut, start = excerpt([voice], 0.0, _LONGEST)
            if _sounding(cut[0]) > 0.7 * _SHORTEST:
                return Piece(score, cut, start)
        raise RuntimeError("the shelf has no more tunes")

    def voices(self, count: int) -> Piece:
        """An excerpt with ``count`` voices, busy most of the time, of something that is no fiddle tune."""
        for score in self._others:
            parts = sorted(read_parts(score.path), key=_mean_pitch, reverse=True)
            if len(parts) < count:
                continue
            chosen = [parts[0]]
            if count > 1:
                others = sorted(self._random.permutation(len(parts) - 1)[: count - 1])
                chosen += [parts[1 + index] for index in others]
            voices = [melody(part) for part in chosen]
            for cut, start in self._excerpts(voices):
                seconds = max(note.end for note in cut[0])
                if seconds >= _SHORTEST and all(_sounding(part) > 0.7 * seconds for part in cut):
                    return Piece(score, cut, start)
        raise RuntimeError("the shelf has no more pieces")

    def _excerpts(self, voices: list[Part]) -> Iterator[tuple[list[Part], float]]:
        last = min(part[-1].end for part in voices)
        for _ in range(6):
            begin = float(self._random.uniform(0, max(0.0, last - _LONGEST)))
            cut, start = excerpt(voices, begin, _LONGEST)
            if all(cut):
                yield cut, start


def _mean_pitch(part: Part) -> float:
    return float(np.mean([note.pitch for note in part]))


def _sounding(part: Part) -> float:
    return sum(note.seconds for note in part)
