"""The life of a worker process of the pool."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import time
import traceback
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from threading import Lock
from types import FrameType
from typing import Any

from styleshift.errors import EXIT_SIGTERM
from styleshift.hooks.engines import Crashed, Finished, Progress, Work
from styleshift.system.environment import debugging, end_with_the_parent

_REPORT_SECONDS = 0.2


def serve(pipe: Connection, work: Work[Any, Any], environment: dict[str, str]) -> None:
    """Do jobs until the other end of the pipe is closed, also by a kill.

    Args:
        pipe: jobs come here, and events go.
        work: what to do.
        environment: of the parent now; that of the server which forked this process may be older.
    """
    end_with_the_parent()
    # Ctrl-C is the parent's to hear.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    os.environ.clear()
    os.environ.update(environment)
    _quiet()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    work.start()
    with contextlib.suppress(EOFError, OSError):  # the parent has gone
        while True:
            job = pipe.recv_bytes()
            reports = _Reports(pipe)
            event = _event(work, job, reports)
            reports.flush()
            pipe.send_bytes(event)


def _event(work: Work[Any, Any], job: bytes, reports: _Reports) -> memoryview:
    """What becomes of a job, pickled as it came."""
    try:
        return ForkingPickler.dumps(Finished(work.run(pickle.loads(job), reports.add)))
    except Exception as error:  # also of an object that cannot be pickled, or unpickled here
        if debugging():
            traceback.print_exc()
        return ForkingPickler.dumps(Crashed(f"{type(error).__name__}: {error}"))


class _Reports:
    """What a job reports, sent a few times a second."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = Lock()  # stages of a pipeline may report from several threads
        self._last = self._pent = 0.0

    def add(self, amount: float) -> None:
        with self._lock:
            self._pent += amount
            if time.monotonic() - self._last > _REPORT_SECONDS:
                self._send()

    def flush(self) -> None:
        with self._lock:
            if self._pent:
                self._send()

    def _send(self) -> None:
        try:
            self._pipe.send(Progress(self._pent))
        except OSError:
            raise SystemExit from None  # the parent has gone; whatever the job is at, nobody wants it
        self._last, self._pent = time.monotonic(), 0.0


def _quiet() -> None:
    """Stdout is for results, and decoders write notes to their developers on stderr."""
    if not debugging():
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    os.dup2(2, 1)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(EXIT_SIGTERM)  # passes through writers, which remove their temporary files
