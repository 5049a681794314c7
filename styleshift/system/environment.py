"""What this process may use and is asked for: processors, and switches in the environment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

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


@contextlib.contextmanager
def silent_decoders() -> Iterator[None]:
    """What decoders write to stderr for their developers goes nowhere meanwhile, unless somebody debugs."""
    before = None
    if not debugging():
        with contextlib.suppress(OSError):  # a daemon may have no stderr
            before = os.dup(2)
    if before is None:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)
