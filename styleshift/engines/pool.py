"""Worker processes, each with one job at a time and a pipe of its own.

``concurrent.futures`` gives up the whole pool when one process dies, and pools with shared queues can be left
locked by it. Here nothing is shared: a process that dies, hangs or is killed costs the job it was at.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Generic, TypeAlias, TypeVar

from styleshift.engines.worker import serve
from styleshift.errors import StyleshiftError
from styleshift.hooks.engines import Crashed, Finished, JobT, OutcomeT, Progress, Stalled, Work
from styleshift.system.interrupt import no_interrupts
from styleshift.system.server import server_context

EventT = TypeVar("EventT")
Event: TypeAlias = Progress | Finished[EventT] | Crashed | Stalled

# How often `stop` is asked where nothing happens.
_POLL_SECONDS = 0.2
# A new process reads its code, and its first job a model, from a disk that may be busy.
_START_SECONDS = 60.0
# How long a process that was asked to end may clean up behind itself.
_GRACE_SECONDS = 2.0


@dataclass(slots=True)
class _Worker(Generic[JobT]):
    """A process. ``heard`` is when it last gave a sign of life, or may first be expected to."""

    process: BaseProcess
    pipe: Connection
    job: list[JobT]  # empty or one: None is a job like any other
    heard: float = 0.0
    new: bool = True


class WorkerPool(Generic[JobT, OutcomeT]):
    """Runs jobs in processes; a context manager that leaves none behind.

    Args:
        work: what they do.
        size: processes at most; they start as jobs come.
        patience: seconds without a report after which a job is given up; until a new process gives its
            first, a minute at least. So ``work.run`` should report once it has loaded what it needs.

    Raises:
        StyleshiftError: the system lets no process start; also from :meth:`events`.
    """

    def __init__(self, work: Work[JobT, OutcomeT], size: int, patience: float) -> None:
        assert size >= 1, "a pool without workers would wait for ever"
        self._work = work
        self._size = size
        self._patience = patience
        try:
            self._context = server_context("styleshift.engines.worker", work.run.__module__)
        except (OSError, EOFError) as error:
            raise _refused(error) from error
        self._workers: list[_Worker[JobT]] = []
        self._kept: list[JobT] = []  # at most one, which was taken for a worker that could not be started

    def events(
        self, jobs: Iterable[JobT], stop: Callable[[], bool]
    ) -> Iterator[tuple[JobT, Event[OutcomeT]]]:
        """See :meth:`styleshift.hooks.Engine.run`."""
        waiting = iter(jobs)
        while not stop():
            yield from self._hand_out(waiting)
            pipes = {worker.pipe: worker for worker in self._busy()}
            if not pipes:
                return
            ready = wait(list(pipes), timeout=_POLL_SECONDS)
            if stop():
                break
            for pipe in ready:
                assert isinstance(pipe, Connection)
                yield self._hear(pipes[pipe])
            for worker in self._busy():
                if worker.pipe not in ready and time.monotonic() - worker.heard > self._patience:
                    (job,) = worker.job
                    self._end(worker)
                    yield job, Stalled()
        for worker in self._busy():
            while worker.job and worker.pipe.poll():
                job, event = self._hear(worker)
                # A signal to the whole process group ends workers, too: their jobs are given up, not bad.
                if not isinstance(event, Crashed):
                    yield job, event

    def _busy(self) -> list[_Worker[JobT]]:
        return [worker for worker in self._workers if worker.job]

    def _hand_out(self, waiting: Iterator[JobT]) -> Iterator[tuple[JobT, Crashed]]:
        """Give every worker that is idle, or can be started, a job; yields jobs that no process can take."""
        while len(self._busy()) < self._size:
            try:
                job = self._kept.pop() if self._kept else next(waiting)
            except StopIteration:
                return
            try:
                pickled = ForkingPickler.dumps(job)
            except Exception as error:  # whatever an object raises when it is pickled
                yield job, Crashed(f"it cannot be sent to a worker: {type(error).__name__}: {error}")
                continue
            try:
                self._give(job, pickled)
            except StyleshiftError:  # the system has no process, or no descriptor, to give
                if not self._workers:
                    raise
                # The job is not to blame: those that run, all of them busy, do the rest.
                self._kept.append(job)
                self._size = len(self._workers)

    def _give(self, job: JobT, pickled: memoryview) -> None:
        while True:
            idle = [worker for worker in self._workers if not worker.job]
            worker = idle[0] if idle else self._start()
            try:
                worker.pipe.send_bytes(pickled)
            except OSError:  # it died between two jobs
                self._end(worker)
                continue
            worker.job.append(job)
            worker.heard = time.monotonic()
            if worker.new:
                worker.heard += max(0.0, _START_SECONDS - self._patience)
                worker.new = False
            return

    def _start(self) -> _Worker[JobT]:
        with contextlib.ExitStack() as kept:
            try:
                ours, theirs = self._context.Pipe()
                kept.callback(ours.close)
                with theirs:
                    arguments = (theirs, self._work, dict(os.environ))
                    process = self._context.Process(target=serve, args=arguments, daemon=True)
                    with no_interrupts():
                        process.start()
            except (OSError, EOFError) as error:  # EOFError: the server that forks has failed at it
                raise _refused(error) from error
            kept.pop_all()
        worker: _Worker[JobT] = _Worker(process, ours, [])
        self._workers.append(worker)
        return worker

    def _hear(self, worker: _Worker[JobT]) -> tuple[JobT, Event[OutcomeT]]:
        (job,) = worker.job
        try:
            event = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(_GRACE_SECONDS)
            code = worker.process.exitcode
            self._end(worker)
            return job, Crashed(_death(code))
        worker.heard = time.monotonic()
        if not isinstance(event, Progress):
            worker.job.clear()
        return job, event

    def _end(self, *workers: _Worker[JobT]) -> None:
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + _GRACE_SECONDS
        for worker in workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
            worker.job.clear()
            self._workers.remove(worker)

    def __enter__(self) -> WorkerPool[JobT, OutcomeT]:
        return self

    def __exit__(self, *_: object) -> None:
        self._end(*self._workers)


def _refused(error: OSError | EOFError) -> StyleshiftError:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return StyleshiftError(
        f"no worker process can be started: {why}",
        "close other programs, or raise the limits of processes and open files (ulimit)",
    )


def _death(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {'unknown' if code is None else code}"
    with contextlib.suppress(ValueError):
        return f"signal {-code} ({signal.Signals(-code).name})"
    return f"signal {-code}"
