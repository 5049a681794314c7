"""How well scores of checkpoints agree in rank with their measures: the tables of benchmarks/judge.py."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import ConstantInputWarning, rankdata, spearmanr
from truth import SPLITS, Row

from styleshift.evaluation.checkpoint_score import WEIGHTS, CheckpointScore

FRECHET = {"fd": ("fd",), "fd3": ("fd3",), "both": ("fd", "fd3")}
"""Which count beside the other measures; each hears what the other does not, and so they contradict."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One direction of it.

    Attributes:
        run: that it is of.
        step: that it was saved at.
        score: what the trainer chooses by.
        found: its measures; of all pairs, then of the halves of every split.
    """

    run: str
    step: int
    score: CheckpointScore
    found: list[Row]


@dataclass(frozen=True, slots=True)
class Scale:
    """The measures, and how much of each says something.

    Attributes:
        units: of each measure, the least difference that says something; below 0, less is better.
        counted: those that count beside the Frechet distances.
    """

    units: Mapping[str, float]
    counted: Sequence[str]

    def columns(self, rows: Sequence[Row], names: Sequence[str]) -> list[np.ndarray]:
        """Of each measure a value a row, in those units: more is better."""
        return [np.array([row[name] for row in rows]) / self.units[name] for name in names]

    def wholes(self, rows: Sequence[Row]) -> list[np.ndarray]:
        """Measures as one, a value a checkpoint, more is better: in two ways with each of ``FRECHET``.

        The mean of their ranks, and the sum of their least differences.
        """
        found = []
        for distances in FRECHET.values():
            units = self.columns(rows, (*self.counted, *distances))
            found += [np.mean([rankdata(column) for column in units], axis=0), np.sum(units, axis=0)]
        return found

    def ceilings(self, checkpoints: Sequence[Checkpoint]) -> np.ndarray:
        """The root of the reliability of each of :meth:`wholes`, of halves (Spearman 1910, Brown 1910)."""
        parts = [
            self.wholes([each.found[1 + number] for each in checkpoints]) for number in range(2 * SPLITS)
        ]
        agreements = [
            [spearman(one, other) for one, other in zip(left, right, strict=True)]
            for left, right in zip(parts[::2], parts[1::2], strict=True)
        ]
        half = np.maximum(0, np.mean(agreements, axis=0))
        most: np.ndarray = np.sqrt(2 * half / (1 + half))
        return most

    def summary(self, checkpoints: Sequence[Checkpoint]) -> list[str]:
        """The cells of a row: of one direction of a run, or of several runs."""
        score = np.array([each.score.value for each in checkpoints])
        rows = [each.found[0] for each in checkpoints]
        truths, chosen = self.wholes(rows), int(score.argmax())
        lie = _lie(truths[-1])
        return [
            str(len(checkpoints)),
            *(
                f"{spearman(score, truth):.2f} ({most:.2f})"
                for truth, most in zip(truths, self.ceilings(checkpoints), strict=True)
            ),
            f"{spearman(truths[1], truths[3]):.2f}",
            *(f"{spearman(score, column):.2f}" for column in self.columns(rows, list(self.units))),
            f"{checkpoints[chosen].run} {checkpoints[chosen].step}",
            f"{lie[chosen]:.2f}",
            f"{lie[-1]:.2f}" if len({each.run for each in checkpoints}) == 1 else "",
        ]

    def terms(self, checkpoints: Sequence[Checkpoint]) -> list[str]:
        """Of each term of the score: its agreement with the sum of both, and that of the score without it.

        After it what the checkpoint reaches that would be chosen without it. An empty cell is a term that
        some checkpoint does not have.
        """
        whole = self.wholes([each.found[0] for each in checkpoints])[-1]
        lie, cells = _lie(whole), []
        for name in (*WEIGHTS, "content"):
            alone = np.array([getattr(each.score, name) for each in checkpoints])
            left = np.array([without(each.score, name) for each in checkpoints])
            figures = f"{spearman(alone, whole):.2f}, {spearman(left, whole):.2f}, {lie[left.argmax()]:.2f}"
            cells.append("" if np.isnan(alone).any() else figures)
        return cells


def without(score: CheckpointScore, term: str) -> float:
    """What the score would be without one of ``WEIGHTS``, or without ``content``."""
    if term == "content":
        return score.style
    return replace(score, **{term: math.nan}).value  # type: ignore[arg-type]


def _lie(whole: np.ndarray) -> np.ndarray:
    """Where each lies between the worst (0) and the best (1)."""
    found: np.ndarray = (whole - whole.min()) / (whole.max() - whole.min())
    return found


def spearman(left: np.ndarray, right: np.ndarray) -> float:
    """Correlation of ranks; nan where all values of one are equal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        return float(spearmanr(left, right).statistic)


def print_tables(found: Mapping[str, list[Checkpoint]], scale: Scale) -> None:
    """A row a direction of each run of three checkpoints and more, and of all runs together if several."""
    kinds = [f"{kind}, {distances}" for distances in FRECHET for kind in ("mean rank", "sum")]
    heads = ["checkpoints", *kinds, "sums agree", *scale.units, "chosen", "reaches", "last"]
    _print_head(heads)
    for first, theirs in _groups(found):
        print(f"| {first} | {' | '.join(scale.summary(theirs))} |")
    _print_head([*WEIGHTS, "content"])
    for first, theirs in _groups(found):
        print(f"| {first} | {' | '.join(scale.terms(theirs))} |")


def _print_head(heads: Sequence[str]) -> None:
    heads = ["direction", "run", *heads]
    print(f"\n| {' | '.join(heads)} |\n{'|---' * len(heads)}|")


def _groups(found: Mapping[str, list[Checkpoint]]) -> Iterator[tuple[str, list[Checkpoint]]]:
    for direction, all_of in found.items():
        runs = list(dict.fromkeys(each.run for each in all_of))
        for some in [[run] for run in runs] + ([runs] if len(runs) > 1 else []):
            theirs = [each for each in all_of if each.run in some]
            if len(theirs) >= 3:  # an order says nothing of two
                yield f"{direction} | {' + '.join(some)}", theirs
