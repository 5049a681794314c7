"""How long work speaks: the library calls a :class:`Reporter`, the command line decides how it looks."""

from __future__ import annotations

from collections import Counter
from typing import Any

from styleshift.words import kind_of_remark


class Task:
    """A piece of work with a known or unknown end; a context manager."""

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        """Say that ``amount`` more is done; ``figures`` are shown beside the bar."""

    def __enter__(self) -> Task:
        return self

    def __exit__(self, *_: object) -> None:
        """Say that it is over."""


class Reporter:
    """Says nothing. ``styleshift.cli.console`` has the one that does.

    Attributes:
        followed: somebody reads :meth:`follow`.
        asked_by: what a person types to hear what :meth:`detail` says; empty: it is heard, or never is.
    """

    followed = False
    asked_by = ""

    def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
        """Begin a piece of work; ``total`` in ``unit``, None where the end is not known."""
        return Task()

    def phase(self, label: str, total: float | None = None, unit: str = "") -> Task:
        """As :meth:`task`, for one of several in a row: without a bar, a line tells that it begins."""
        return self.task(label, total, unit)

    def info(self, text: str) -> None:
        """A sentence that most people want to see (stderr)."""

    def detail(self, text: str) -> None:
        """A sentence for ``-v`` (stderr)."""

    def warn(self, text: str) -> None:
        """A sentence that nobody should miss (stderr)."""

    def advice(self, text: str) -> str:
        """How a hint is worded. The library names options as Python does, in backticks: `` `jobs` ``."""
        return text

    def event(self, kind: str, /, **fields: Any) -> None:
        """A machine-readable result, for whoever wants JSON lines."""

    def follow(self, kind: str, /, **fields: Any) -> None:
        """A step of the work, for a page that follows it live; the command line has bars instead."""


class FirstFew:
    """Warns of the first few files that one and the same is true of, and counts the others.

    A context manager. Those that are counted are said by :meth:`Reporter.detail`, and how many they are at
    the end: of a thousand files with one fault, a screen would show nothing else. Sentences that differ in a
    value are one fault if they are of one kind; see :class:`styleshift.words.Remark`.

    Args:
        reporter: who is told.
        most: names to each kind of sentence.
        kinds: that are counted; those that come after so many are always said, so that memory has an end.
        named_by: what names those that are counted; empty: what the reporter is asked by.
    """

    def __init__(self, reporter: Reporter, most: int = 3, kinds: int = 1000, named_by: str = "") -> None:
        self._reporter, self._most, self._kinds = reporter, most, kinds
        self._named_by = named_by or reporter.asked_by
        self._counts: Counter[str] = Counter()

    def warn(self, name: str, sentence: str) -> None:
        """Of one file; the sentence, or the kind of remark, is the same for all that are counted together."""
        kind = kind_of_remark(sentence)
        if kind in self._counts or len(self._counts) < self._kinds:
            self._counts[kind] += 1
        tell = self._reporter.warn if self._counts[kind] <= self._most else self._reporter.detail
        tell(f"{name}: {sentence}")

    def __enter__(self) -> FirstFew:
        return self

    def __exit__(self, *_: object) -> None:
        for kind, count in self._counts.items():
            if count > self._most:
                more = count - self._most
                how = f"; {self._named_by} names {'it' if more == 1 else 'them'}" if self._named_by else ""
                self._reporter.warn(f"{more} more: {kind}{how}")
