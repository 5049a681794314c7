"""How long work speaks: the library calls a :class:`Reporter`, the command line decides how it looks."""

from __future__ import annotations

from typing import Any


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
    """

    followed = False

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
