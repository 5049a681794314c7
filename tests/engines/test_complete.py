"""Whatever an engine does with its jobs, each has one end."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from styleshift.engines import run_all
from styleshift.hooks import Crashed, Finished, Progress, Stalled, Work

LOST = Crashed("the engine lost it")


@dataclass(eq=False)
class Job:
    name: str


class Toy:
    """An engine that gives what a function of its jobs yields."""

    local = True
    workers = 2

    def __init__(self, events: Callable[[Iterator[Job]], Iterable[Any]]) -> None:
        self._events = events

    def threads(self, workers: int) -> int:
        return 1

    def run(self, work: Work[Any, Any], jobs: Iterable[Any], **_: Any) -> Any:
        yield from self._events(iter(jobs))


def ends(
    events: Callable[[Iterator[Job]], Iterable[Any]], stop: Callable[[], bool] = lambda: False
) -> list[tuple[str, Any]]:
    work: Work[Job, str] = Work(lambda: None, lambda job, report: job.name)
    jobs = [Job(name) for name in "abc"]
    every = run_all(Toy(events), work, jobs, lambda job: job.name, workers=2, patience=1.0, stop=stop)
    return [(job.name, event) for job, event in every]


def done(job: Job) -> tuple[Job, Finished[str]]:
    return job, Finished(job.name)


ALL = [(name, Finished(name)) for name in "abc"]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(lambda jobs: [done(job) for job in jobs], ALL, id="good"),
        pytest.param(lambda jobs: [done(copy.copy(job)) for job in jobs], ALL, id="copies"),
        pytest.param(
            lambda jobs: [done(job) for job in jobs if job.name != "b"],
            [ALL[0], ALL[2], ("b", LOST)],
            id="forgets one",
        ),
        pytest.param(
            lambda jobs: [done(next(jobs))], [ALL[0], ("b", LOST), ("c", LOST)], id="ends before the end"
        ),
        pytest.param(lambda jobs: [], [(name, LOST) for name in "abc"], id="does nothing"),
        pytest.param(
            lambda jobs: [
                event for job in jobs for event in (done(job), (job, Progress(1.0)), (job, Stalled()))
            ],
            ALL,
            id="ends twice",
        ),
        pytest.param(lambda jobs: [done(Job("x")), *map(done, jobs)], ALL, id="a job of its own"),
    ],
)
def test_each_job_has_one_end(events: Any, expected: list[Any]) -> None:
    assert ends(events) == expected


def test_what_a_stop_left_undone_is_not_lost() -> None:
    assert ends(lambda jobs: [done(next(jobs))], stop=lambda: True) == ALL[:1]
