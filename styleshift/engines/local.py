"""The built-in engine: processes on this machine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from styleshift.engines.pool import Event, WorkerPool
from styleshift.hooks.engines import JobT, OutcomeT, Work
from styleshift.system.environment import processors


class LocalEngine:
    """Runs work in processes on this machine; see :class:`styleshift.hooks.Engine`."""

    local = True

    def __init__(self) -> None:
        self.workers = processors()

    def threads(self, workers: int) -> int:
        """The processors, shared out."""
        return max(1, self.workers // workers)

    def run(
        self,
        work: Work[JobT, OutcomeT],
        jobs: Iterable[JobT],
        *,
        workers: int,
        patience: float,
        stop: Callable[[], bool],
    ) -> Generator[tuple[JobT, Event[OutcomeT]], None, None]:
        """See :meth:`styleshift.hooks.Engine.run`."""
        with WorkerPool(work, workers, patience) as pool:
            yield from pool.events(jobs, stop)
