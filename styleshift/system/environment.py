"""What this process may use and is asked for: processors, and switches in the environment."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator
from threading import Lock, Thread

DEBUG_VARIABLE = "STYLESHIFT_DEBUG"


def processors() -> int:
    """How many processors this process may run on, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def switched_on(variable: str) -> bool:
    """Whether an environment variable is set to anything but nothing, ``0``, ``false``, ``no`` or ``off``."""
    return os.environ.get(variable, "").strip().lower() not in ("", "0", "false", "no", "off")


def debugging() -> bool:
    """Whether tracebacks and the chatter of decoders are wanted (``STYLESHIFT_DEBUG``)."""
    return switched_on(DEBUG_VARIABLE)


def end_with_the_parent() -> None:
    """From now on this process ends when its parent is killed; one that waits for work would not notice.

    So what was killed can be begun again at once: nobody of the old one is at work any more.
    """
    import multiprocessing  # late: commands that start no process do not need it

    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


class _Silence:
    """A process has one stderr: the first thread that wants it silent saves it, the last one restores it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted = 0
        self._stderr: int | None = None

    def begin(self) -> None:
        with self._lock:
            self._wanted += 1
            if self._wanted == 1:
                with contextlib.suppress(OSError):  # a daemon may have no stderr
                    self._stderr = os.dup(2)
                    nowhere = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(nowhere, 2)
                    os.close(nowhere)

    def end(self) -> None:
        with self._lock:
            self._wanted -= 1
            if not self._wanted and self._stderr is not None:
                os.dup2(self._stderr, 2)
                os.close(self._stderr)
                self._stderr = None


_silence = _Silence()


@contextlib.contextmanager
def silent_decoders() -> Iterator[None]:
    """What decoders write to stderr for their developers goes nowhere meanwhile, unless somebody debugs.

    Nor does what anybody else in this process writes there. Several threads may be in it at once.
    """
    if debugging():
        yield
        return
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for cycles of objects: a quarter of the time where a million are made."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
