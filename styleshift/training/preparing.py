"""The minutes before the first step: told phase by phase, stopped by a signal at any moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from styleshift.progress import Reporter, Task
from styleshift.system.interrupt import Interrupted


@contextmanager
def preparing(reporter: Reporter, outcome: str) -> Iterator[Reporter]:
    """Ctrl-C or SIGTERM before the first step: nothing is lost but time, which is said in one line.

    The signal raises KeyboardInterrupt where it comes. What that is raised in may swallow it, as Python does
    with what is raised in a destructor, so every advance of a task looks again.

    Args:
        reporter: who is told.
        outcome: what the message ends with, such as ``nothing was saved``.

    Yields:
        The reporter for what is done within.

    Raises:
        Interrupted: a signal came.
    """
    reporter.info("preparing, which takes a minute or two; the time of training counts from its first step")
    came: list[int] = []

    def stopped(number: int, *_: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as Ctrl-C is for a shell's background
                before[number] = signal.signal(number, stopped)
    try:
        yield _Checked(reporter, check)
        check()
    except KeyboardInterrupt:
        message = f"stopped before the first step; {outcome}"
        first = came[0] if came else signal.SIGINT
        raise Interrupted(message, signal_number=first, at_once=True) from None
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)


class _Checked(Reporter):
    """Another reporter, whose tasks look for a signal as they advance."""

    def __init__(self, inner: Reporter, check: Any) -> None:
        self._inner, self._check = inner, check
        self.info, self.detail, self.warn = inner.info, inner.detail, inner.warn  # type: ignore[method-assign]
        self.event = inner.event  # type: ignore[method-assign]

    def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
        return _CheckedTask(self._inner.task(label, total, unit), self._check)

    def phase(self, label: str, total: float | None = None, unit: str = "") -> Task:
        return _CheckedTask(self._inner.phase(label, total, unit), self._check)


class _CheckedTask(Task):
    def __init__(self, inner: Task, check: Any) -> None:
        self._inner, self._check = inner, check

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        self._check()
        self._inner.advance(amount, **figures)

    def __enter__(self) -> Task:
        self._check()
        self._inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._inner.__exit__(*error)
