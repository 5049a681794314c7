"""The check of engines passes what keeps the promises and names what does not."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

import pytest

from styleshift.engines.local import LocalEngine
from styleshift.engines.plugin import styleshift_engines
from styleshift.engines.pool import WorkerPool
from styleshift.hooks import Crashed, EngineSpec, Finished, Progress, Work
from styleshift.testing import ContractError, check_engine


class InProcess:
    """Does one job after another in this process."""

    local = True
    workers = 1

    def threads(self, workers: int) -> int:
        return 1

    def run(
        self,
        work: Work[Any, Any],
        jobs: Iterable[Any],
        *,
        workers: int,
        patience: float,
        stop: Callable[[], bool],
    ) -> Generator[tuple[Any, Any], None, None]:
        work.start()
        waiting = iter(jobs)
        while not stop():
            for job in waiting:
                yield from self.events(work, job)
                break
            else:
                return

    def events(self, work: Work[Any, Any], job: Any) -> Iterable[tuple[Any, Any]]:
        told: list[float] = []
        try:
            outcome = work.run(job, told.append)
        except Exception as error:
            return [(job, Crashed(str(error)))]
        return [*((job, Progress(amount)) for amount in told), (job, Finished(outcome))]


def spec(engine: object) -> EngineSpec:
    return EngineSpec("toy", "for tests", lambda options: engine)  # type: ignore[arg-type, return-value]


def test_the_built_in_engine_keeps_every_promise() -> None:
    (local,) = styleshift_engines()
    check_engine(local)


def test_an_engine_in_this_process_keeps_those_that_it_can() -> None:
    check_engine(spec(InProcess()), isolated=False)


class NoStart(InProcess):
    def run(self, work: Work[Any, Any], jobs: Iterable[Any], **rest: Any) -> Any:
        return super().run(Work(lambda: None, work.run), jobs, **rest)


class Greedy(InProcess):
    def run(self, work: Work[Any, Any], jobs: Iterable[Any], **rest: Any) -> Any:
        ahead = iter(jobs)
        return super().run(work, [job for job, _ in zip(ahead, range(100), strict=False)], **rest)


class Silent(InProcess):
    def events(self, work: Work[Any, Any], job: Any) -> Iterable[tuple[Any, Any]]:
        return [pair for pair in super().events(work, job) if not isinstance(pair[1], Progress)]


class Twice(InProcess):
    def events(self, work: Work[Any, Any], job: Any) -> Iterable[tuple[Any, Any]]:
        events = list(super().events(work, job))
        return [*events, events[-1]]


class Lossy(InProcess):
    def events(self, work: Work[Any, Any], job: Any) -> Iterable[tuple[Any, Any]]:
        return [pair for pair in super().events(work, job) if not isinstance(pair[1], Crashed)]


class NoThreads(InProcess):
    def threads(self, workers: int) -> int:
        return 0


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (NoStart(), "not with 'hello from job 0'"),
        (Greedy(), "jobs were taken"),
        (Silent(), "4.0 of progress"),
        (Twice(), "had come to its end"),
        (Lossy(), "nothing came of"),
        (NoThreads(), "threads is 0"),
    ],
)
def test_a_broken_promise_is_named(engine: InProcess, words: str) -> None:
    import styleshift.testing.engine as module

    module._greeting = ""
    with pytest.raises(ContractError, match=words):
        check_engine(spec(engine), isolated=False)


class Leaves(LocalEngine):
    """Ends without its workers."""

    def __init__(self) -> None:
        super().__init__()
        self.pools: list[WorkerPool[Any, Any]] = []

    def run(self, work: Any, jobs: Any, *, workers: int, patience: float, stop: Any) -> Any:
        self.pools.append(WorkerPool(work, workers, patience))
        yield from self.pools[-1].events(jobs, stop)


class Takes(LocalEngine):
    """Takes one more job when it is stopped."""

    def run(self, work: Any, jobs: Any, **rest: Any) -> Any:
        yield from super().run(work, jobs, **rest)
        list(jobs)


def test_workers_that_are_left_running_are_found() -> None:
    import styleshift.testing.engine as module

    engine = Leaves()
    try:
        with pytest.raises(ContractError, match="workers are left running"):
            module._check_stop(engine)
    finally:
        for pool in engine.pools:
            pool.__exit__()


def test_a_job_that_is_taken_after_a_stop_is_found() -> None:
    import styleshift.testing.engine as module

    with pytest.raises(ContractError, match="a third job was taken"):
        module._check_stop(Takes())


def test_what_an_engine_raises_is_a_broken_promise() -> None:
    def build(options: object) -> Any:
        raise OSError("no cluster")

    with pytest.raises(ContractError, match="OSError: no cluster"):
        check_engine(EngineSpec("toy", "for tests", build))
