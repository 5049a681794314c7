"""What lives in a worker process on the cluster: a Ray actor that does one job at a time."""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from styleshift.hooks.engines import Crashed, Finished, Progress, Work

_REPORT_SECONDS = 0.2


class Worker:
    """Does jobs; an actor with two threads, so that it hears :meth:`leave` while :meth:`run` is at work.

    Args:
        work: what to do with a job.
        directory: where relative paths of jobs begin.
        environment: variables of the driver that matter here.
    """

    def __init__(self, work: Work[Any, Any], directory: str, environment: Mapping[str, str]) -> None:
        self._work = work
        self._directory = directory
        self._environment = environment
        self._leaving = Event()

    def start(self) -> None:
        """Get ready for the first job.

        Raises:
            FileNotFoundError: this machine does not see the driver's folder.
        """
        os.environ.update(self._environment)
        os.chdir(self._directory)
        self._work.start()

    def run(self, job: Any) -> Iterator[Progress | Finished[Any] | Crashed]:
        """Do one job; its events, of which the last is no Progress."""
        events: SimpleQueue[Progress | Finished[Any] | Crashed] = SimpleQueue()
        Thread(target=self._do, args=(job, events), daemon=True).start()
        while isinstance(event := events.get(), Progress):
            yield event
        yield event

    def leave(self) -> None:
        """Give the job up: its next report ends it, through writers, which remove their temporary files."""
        self._leaving.set()

    def _do(self, job: Any, events: SimpleQueue[Any]) -> None:
        reports = _Reports(events, self._leaving)
        try:
            outcome: Any = Finished(self._work.run(job, reports.add))
        except Exception as error:
            traceback.print_exc()  # into Ray's log of this worker
            outcome = Crashed(f"{type(error).__name__}: {error}")
        except SystemExit:
            outcome = Crashed("it was asked to stop")
        with contextlib.suppress(SystemExit):
            reports.flush()
        events.put(outcome)


class _Reports:
    """What a job reports, handed on a few times a second."""

    def __init__(self, events: SimpleQueue[Any], leaving: Event) -> None:
        self._events = events
        self._leaving = leaving
        self._lock = Lock()  # stages of a pipeline may report from several threads
        self._last = self._pent = 0.0
        self._silent = True

    def add(self, amount: float) -> None:
        if self._leaving.is_set():
            raise SystemExit
        with self._lock:
            self._pent += amount
            # The first is handed on at once: it says that the job has begun.
            if self._silent or time.monotonic() - self._last > _REPORT_SECONDS:
                self._hand_on()

    def flush(self) -> None:
        with self._lock:
            if self._pent:
                self._hand_on()

    def _hand_on(self) -> None:
        self._events.put(Progress(self._pent))
        self._last, self._pent, self._silent = time.monotonic(), 0.0, False
