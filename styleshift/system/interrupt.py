"""SIGINT and SIGTERM become a polite request: finish the step, save, say how to go on."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from styleshift.errors import EXIT_SIGINT, EXIT_SIGTERM, StyleshiftError


class Interrupted(StyleshiftError):
    """The run was asked to stop and did, in good order.

    Attributes:
        at_once: nothing is left to put away, so the process may end without Python's own shutdown, which
            takes seconds on a busy machine where PyTorch was imported.
    """

    def __init__(
        self, message: str, hint: str = "", *, signal_number: int = signal.SIGINT, at_once: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.at_once = at_once
        self.exit_code = EXIT_SIGTERM if signal_number == signal.SIGTERM else EXIT_SIGINT


class StopRequest:
    """Within ``with StopRequest() as stop:`` a first signal sets ``requested``, a second interrupts at once.

    Outside the main thread signals cannot be caught; then ``requested`` stays False.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._previous: dict[int, object] = {}

    @property
    def requested(self) -> bool:
        """Somebody asked to stop."""
        return self.signal_number is not None

    def error(self, message: str, hint: str = "") -> Interrupted:
        """The exception to raise once everything is saved."""
        return Interrupted(message, hint, signal_number=self.signal_number or signal.SIGINT)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.signal_number = number

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


@contextlib.contextmanager
def no_interrupts() -> Iterator[None]:
    """What is started meanwhile never sees Ctrl-C, not even while it starts: the parent decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
