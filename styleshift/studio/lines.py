"""How a job speaks: a reporter that writes JSON lines, for whoever looks later."""

from __future__ import annotations

import time
from typing import Any

from styleshift.progress import Reporter, Task
from styleshift.system.lines import JsonLines

# A training of a night is not to leave a log of gigabytes.
_SECONDS_BETWEEN = 0.5


class _LineTask(Task):
    def __init__(self, reporter: LinesReporter, number: int) -> None:
        self._reporter, self._number = reporter, number
        self._done = 0.0
        self._figures: dict[str, float | str] = {}
        self._told = 0.0

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        self._done += amount
        self._figures |= figures
        if time.monotonic() - self._told >= _SECONDS_BETWEEN:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        self._reporter.line("advance", task=self._number, done=self._done, figures=self._figures)

    def __exit__(self, *_: object) -> None:
        self._tell()
        self._reporter.line("over", task=self._number)


class LinesReporter(Reporter):
    """Writes all it is told, a line each.

    ``task``, ``advance`` and ``over`` are of pieces of work; ``say`` has sentences; ``event`` has results,
    and steps for whoever follows; ``begin``, ``error`` and ``end`` are of the job.

    Args:
        lines: the file.
    """

    followed = True

    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines
        self._tasks = 0

    def line(self, line: str, /, **fields: Any) -> None:
        """One line, with the time."""
        self._lines.append({"line": line, "time": round(time.time(), 3), **fields})

    def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
        """A piece of work, told of at most twice a second."""
        self._tasks += 1
        self.line("task", task=self._tasks, label=label, total=total, unit=unit)
        return _LineTask(self, self._tasks)

    def info(self, text: str) -> None:
        """A sentence."""
        self.line("say", level="info", text=text)

    def detail(self, text: str) -> None:
        """A sentence that few want to see."""
        self.line("say", level="detail", text=text)

    def warn(self, text: str) -> None:
        """A sentence that nobody should miss."""
        self.line("say", level="warning", text=text)

    def event(self, kind: str, /, **fields: Any) -> None:
        """A result."""
        self.line("event", kind=kind, fields=fields)

    def follow(self, kind: str, /, **fields: Any) -> None:
        """A step of the work."""
        self.event(kind, **fields)
