"""Worker processes, each with one job at a time and a pipe of its own.

``concurrent.futures`` gives up the whole pool when one process dies, and pools with shared queues can be left
locked by it. Here nothing is shared: a process that dies, hangs or is killed costs the job it was at.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

JobT = TypeVar("JobT")

# A new process reads its code and its model from a disk that may be busy before its first sign of life.
_START_SECONDS = 60.0
# How long a process that was asked to end may clean up behind itself.
_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A worker's sign of life.

    Attributes:
        amount: how much more is done, in the caller's unit.
    """

    amount: float


@dataclass(frozen=True, slots=True)
class Died:
    """A worker ended in the middle of its job.

    Attributes:
        code: its exit code; negative: the signal that killed it.
    """

    code: int | None


@dataclass(frozen=True, slots=True)
class Stalled:
    """A worker gave no sign of life for too long and was ended."""


@dataclass(slots=True)
class _Worker(Generic[JobT]):
    process: BaseProcess
    pipe: Connection
    job: JobT | None = None
    heard: float = 0.0
    new: bool = True


class WorkerPool(Generic[JobT]):
    """Runs jobs in processes; a context manager that leaves none behind.

    Args:
        size: processes at most.
        begin: called once in each process, with ``arguments``.
        work: ``work(job, tell)`` runs a job and returns what :meth:`events` hands over; ``tell(amount)``
            shows progress. Both must be importable, and ``work`` should raise nothing.
        arguments: of ``begin``.
        patience: seconds without a sign of life after which a job is given up; until a new process gives its
            first, a minute at least. So ``work`` should tell of something once it has loaded what it needs.
    """

    def __init__(
        self,
        size: int,
        begin: Callable[..., None],
        work: Callable[[JobT, Callable[[float], None]], Any],
        arguments: Sequence[Any],
        patience: float,
    ) -> None:
        assert size >= 1, "a pool without workers would wait for ever"
        self._size = size
        self._main = (begin, work, tuple(arguments))
        self._patience = patience
        # Fresh interpreters: a forked copy of a process with threads may hang in their locks.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker[JobT]] = []

    def events(
        self, jobs: Sequence[JobT], poll: float, announce: Callable[[JobT], bool] | None = None
    ) -> Iterator[tuple[JobT | None, Any]]:
        """Run all jobs; yields ``(job, event)``.

        ``announce(job)`` is called before a job is handed out; if it says no, that job and those after it
        are not.

        An event is :class:`Progress`, or the job's end: what ``work`` returned, :class:`Died` or
        :class:`Stalled`. There is one at least every ``poll`` seconds: ``(None, None)`` if nothing happened.
        """
        waiting = deque(jobs)
        while waiting or self._busy():
            self._hand_out(waiting, announce)
            pipes = {worker.pipe: worker for worker in self._busy()}
            ready = wait(list(pipes), timeout=poll)
            for pipe in ready:
                assert isinstance(pipe, Connection)
                yield self._hear(pipes[pipe])
            for worker in self._busy():
                if worker.pipe not in ready and time.monotonic() - worker.heard > self._patience:
                    job = worker.job
                    self._end(worker)
                    yield job, Stalled()
            if not ready:
                yield None, None

    def finished(self) -> Iterator[tuple[JobT, Any]]:
        """What workers have to say that was not heard yet; nothing is waited for."""
        for worker in self._busy():
            while worker.job is not None and worker.pipe.poll():
                job, event = self._hear(worker)
                if job is not None and not isinstance(event, Progress):
                    yield job, event

    def _busy(self) -> list[_Worker[JobT]]:
        return [worker for worker in self._workers if worker.job is not None]

    def _hand_out(self, waiting: deque[JobT], announce: Callable[[JobT], bool] | None) -> None:
        while waiting:
            idle = [worker for worker in self._workers if worker.job is None]
            if not idle:
                if len(self._workers) >= self._size:
                    return
                idle = [self._start()]
            worker = idle[0]
            if announce is not None and not announce(waiting[0]):
                waiting.clear()
                return
            try:
                worker.pipe.send(waiting[0])
            except OSError:  # it died between two jobs
                self._end(worker)
                continue
            worker.job = waiting.popleft()
            worker.heard = time.monotonic()
            if worker.new:
                worker.heard += max(0.0, _START_SECONDS - self._patience)
                worker.new = False

    def _start(self) -> _Worker[JobT]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, *self._main), daemon=True)
        with no_interrupts():
            process.start()
        theirs.close()
        worker: _Worker[JobT] = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _hear(self, worker: _Worker[JobT]) -> tuple[JobT | None, Any]:
        job = worker.job
        try:
            event = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(_GRACE_SECONDS)
            code = worker.process.exitcode
            self._end(worker)
            return job, Died(code)
        worker.heard = time.monotonic()
        if not isinstance(event, Progress):
            worker.job = None
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
            worker.job = None
            self._workers.remove(worker)

    def __enter__(self) -> WorkerPool[JobT]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker.job is None:
                with contextlib.suppress(OSError):
                    worker.pipe.send(None)
        self._end(*self._workers)


def _serve(
    pipe: Connection, begin: Callable[..., None], work: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    """The life of a worker process. It ends when the other end of the pipe is closed, also by a kill."""
    begin(*arguments)
    last, pent = 0.0, 0.0

    def tell(amount: float) -> None:
        nonlocal last, pent
        pent += amount
        now = time.monotonic()
        if now - last > 0.2:
            pipe.send(Progress(pent))
            last, pent = now, 0.0

    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while (job := pipe.recv()) is not None:
            pipe.send(work(job, tell))


@contextlib.contextmanager
def no_interrupts() -> Iterator[None]:
    """What is started meanwhile never sees Ctrl-C, not even while it starts: the parent decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
