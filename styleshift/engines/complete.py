"""Every job comes to one end, whatever an engine makes of its promises."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from contextlib import closing
from itertools import chain

from styleshift.hooks.engines import Crashed, Engine, Finished, JobT, OutcomeT, Progress, Stalled, Work


def run_all(
    engine: Engine,
    work: Work[JobT, OutcomeT],
    jobs: Iterable[JobT],
    name: Callable[[JobT], Hashable],
    *,
    workers: int,
    patience: float,
    stop: Callable[[], bool],
) -> Generator[tuple[JobT, Progress | Finished[OutcomeT] | Crashed | Stalled], None, None]:
    """As :meth:`styleshift.hooks.Engine.run`, and sees to it that each job has one end.

    Of a job that ends twice the first end counts. Unless there was a reason to stop, jobs that the engine
    never took, or took and said no more of, end as crashed.

    Args:
        engine: does the work.
        work: what workers do.
        jobs: of which no two have one name.
        name: of a job; that of the job which comes back from the engine, perhaps a copy, is the same.
        workers: at most.
        patience: see there.
        stop: see there.
    """
    begun: dict[Hashable, JobT] = {}
    source = iter(jobs)

    def taken() -> Iterator[JobT]:
        for job in source:
            begun[name(job)] = job
            yield job

    with closing(engine.run(work, taken(), workers=workers, patience=patience, stop=stop)) as events:
        for job, event in events:
            if name(job) not in begun:
                continue
            if not isinstance(event, Progress):
                del begun[name(job)]
            yield job, event
    if stop():
        return
    lost = Crashed("the engine lost it")
    for job in chain(list(begun.values()), source):
        yield job, lost
