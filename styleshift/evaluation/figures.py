"""The figures of an evaluation by name: what a page calls them, what each says, how sure its mean is."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Figures = dict[str, float]

Tags = dict[str, dict[str, float]]
"""Of each tag how probable it is, 0 to 1, in the ``source``, ``conversion``, ``truth`` and ``style``."""

_TABLE = tomllib.loads(Path(__file__).with_name("figures.toml").read_text("utf-8"))

IN_WORDS: dict[str, str] = {name: row["in_words"] for name, row in _TABLE.items()}
"""The figures' names as a page shows them."""

_CONFIDENCE, _DRAWS = 0.95, 2000

EXPLAINED: dict[str, str] = {name: row["explained"] for name, row in _TABLE.items()}
"""Each figure in one line."""


def in_words(figures: Figures) -> Figures:
    """The same figures under the names of ``IN_WORDS``."""
    return {IN_WORDS.get(key, key): value for key, value in figures.items()}


def mean(files: Sequence[tuple[str, Figures]]) -> Figures:
    """Each figure's mean over the files that have it."""
    return {key: float(np.mean(values)) for key, values in _by_name(files).items()}


def intervals(files: Sequence[tuple[str, Figures]]) -> dict[str, tuple[float, float]]:
    """How far each mean may be off because the files are few: a bootstrap interval (Efron 1979).

    Files are drawn anew with replacement, and the interval holds the middle 95 % of the means (percentile
    method).

    Args:
        files: name and figures of each.

    Returns:
        Lowest and highest by figure; figures that fewer than two files have are left out.
    """
    random = np.random.default_rng(0)
    found = {}
    for key, values in _by_name(files).items():
        if len(values) > 1:
            means = random.choice(values, (_DRAWS, len(values))).mean(axis=1)
            low, high = np.quantile(means, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
            found[key] = (float(low), float(high))
    return found


def _by_name(files: Sequence[tuple[str, Figures]]) -> dict[str, list[float]]:
    keys = dict.fromkeys(key for _, figures in files for key in figures)
    return {key: [figures[key] for _, figures in files if key in figures] for key in keys}
