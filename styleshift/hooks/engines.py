"""The records of engines: where the work of ``precompute`` and ``convert`` runs.

The work is a pair of functions, and jobs are plain values: both are pickled, and nothing here asks for shared
memory or for a process that was forked. An engine on one machine and one on many look the same from above.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from styleshift.hooks.records import NoOptions, Spec

JobT = TypeVar("JobT")
OutcomeT = TypeVar("OutcomeT")


@dataclass(frozen=True, slots=True)
class Work(Generic[JobT, OutcomeT]):
    """What every worker does. Both functions survive pickling: of a module, or ``functools.partial`` of one.

    Attributes:
        start: called once in each worker, before its first job.
        run: ``run(job, report)`` does one job and returns its outcome. ``report(amount)`` says that the job
            lives and how much more of it is done, in a unit of the caller's.
        waits: jobs wait for a network about as long as they work: two workers may share what one takes.
    """

    start: Callable[[], None]
    run: Callable[[JobT, Callable[[float], None]], OutcomeT]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """A job lives.

    Attributes:
        amount: how much more of it is done than at the last such event.
    """

    amount: float


@dataclass(frozen=True, slots=True)
class Finished(Generic[OutcomeT]):
    """A job has ended.

    Attributes:
        outcome: what ``run`` returned.
    """

    outcome: OutcomeT


@dataclass(frozen=True, slots=True)
class Crashed:
    """A job took its worker with it, or raised.

    Attributes:
        cause: in words, such as ``signal 11 (SIGSEGV)``.
    """

    cause: str


@dataclass(frozen=True, slots=True)
class Stalled:
    """A job reported nothing for too long and was given up."""


class Engine(Protocol):
    """Runs work on workers, each of which does one job at a time.

    Attributes:
        local: the workers are on this machine and may talk to a process of ours on it.
        workers: as many as keep its processors busy; used where the option ``jobs`` is not given.
    """

    local: bool
    workers: int

    def threads(self, workers: int) -> int:
        """CPU threads for each of so many workers, 1 or more."""

    def run(
        self,
        work: Work[JobT, OutcomeT],
        jobs: Iterable[JobT],
        *,
        workers: int,
        patience: float,
        stop: Callable[[], bool],
    ) -> Generator[tuple[JobT, Progress | Finished[OutcomeT] | Crashed | Stalled], None, None]:
        """Do all jobs; each with its events as they come, of which the last but no other is no Progress.

        A job that crashes or stalls costs no other one. When the generator ends, or is closed, all workers
        have ended.

        Args:
            work: what workers do.
            jobs: taken one by one, each when a worker can begin it and not before. It may be endless.
            workers: at most.
            patience: seconds without a report after which a job is given up.
            stop: asked several times a second. Once it says yes, no further job is taken, what has finished
                is still handed over, all else is given up, and the generator ends within seconds.
        """


@dataclass(frozen=True, slots=True)
class EngineSpec(Spec):
    """Somewhere for the work of ``precompute`` and ``convert`` to run.

    Attributes:
        name: what the option ``engine`` says.
        summary: one line.
        build: ``build(config)`` returns an :class:`Engine`; raises a ``StyleshiftError`` where it cannot be
            used here. Workers start when work is run.
        config: a dataclass of options with defaults, set by ``engine_options``.
    """

    build: Callable[[Any], Engine]
    config: type = NoOptions
