"""Listening tests: what was answered, as CSV for whoever evaluates it."""

from __future__ import annotations

import csv
import io
import math
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from styleshift.errors import NothingToDoError, UsageError
from styleshift.system.files import write_text
from styleshift.words import printable

# One row an answer. ABX after Munson and Gardner (1950); ratings from 0 to 100 beside an open reference, in
# an unknown order, after ITU-R BS.1534 (MUSHRA).
_ABX = ("listener", "trial", "recording", "a", "b", "x", "answer", "correct", "seconds", "plays")
_RATED = ("listener", "trial", "question", "recording", "stimulus", "position", "rating", "seconds", "plays")
COLUMNS: Mapping[str, tuple[str, ...]] = {"abx": _ABX, "mushra": _RATED}
_MOST_ROWS = 5000
_NAME = re.compile(r"(abx|mushra)-\d{8}-\d{6}(-\d+)?\.csv")


def save_answers(folder: Path, kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Write one test down; returns the file's name and what came out.

    Raises:
        UsageError: a row is not of that kind of test, or the folder cannot be written to.
    """
    columns = COLUMNS.get(kind)
    if columns is None:
        raise UsageError(f"{kind!r} is no listening test; {', '.join(COLUMNS)} are")
    if not 1 <= len(rows) <= _MOST_ROWS or not all(
        isinstance(row, Mapping) and set(row) == set(columns) for row in rows
    ):
        raise UsageError(f"the answers of a test {kind} are rows of {', '.join(columns)}")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    name, number = f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}", 1
    while (path := folder / (f"{name}.csv" if number == 1 else f"{name}-{number}.csv")).exists():
        number += 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, text.getvalue())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}",
            "make space, or let yourself write there, then keep them again",
        ) from error
    return {"name": path.name, "path": str(path), **_outcome(kind, rows)}


def list_answers(folder: Path) -> list[str]:
    """The files of all tests, the newest first."""
    return sorted((path.name for path in folder.glob("*.csv") if _NAME.fullmatch(path.name)), reverse=True)


def answers_file(folder: Path, name: str) -> Path:
    """The file of a test; raises NothingToDoError."""
    if name not in list_answers(folder):
        raise NothingToDoError(f"there are no answers {name!r}", "reload the page")
    return folder / name


def chance_of(correct: int, trials: int) -> float:
    """The chance that who only guesses has so many right or more: the binomial test of an ABX."""
    ways: int = sum(math.comb(trials, right) for right in range(correct, trials + 1))
    return float(ways / 2**trials)


def _outcome(kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if kind == "abx":
        correct = sum(row["correct"] is True for row in rows)
        return {"correct": correct, "trials": len(rows), "chance": chance_of(correct, len(rows))}
    ratings: dict[str, list[float]] = {}
    for row in rows:
        ratings.setdefault(printable(row["stimulus"]), []).append(float(row["rating"]))
    return {"means": {name: sum(values) / len(values) for name, values in ratings.items()}}


def _cell(value: object) -> object:
    """A plain value; a text that a spreadsheet would take for a formula is quoted."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    text = printable(value)[:500]
    return f"'{text}" if text[:1] in "=+-@" else text
