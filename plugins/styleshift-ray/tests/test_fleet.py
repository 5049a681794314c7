"""Who gets which job, with actors that do as a script says: no cluster is started."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ray")

from ray.exceptions import RayActorError
from styleshift_ray import Options, fleet

from styleshift.hooks.engines import Finished, Progress, Work


class Actors:
    """In place of Ray: each job's events, try after try; an event that is an error is a worker's death."""

    def __init__(self, **events: list[list[Any]]) -> None:
        self._events = events

    def options(self, **taken: Any) -> Actors:
        self.taken = taken
        return self

    def remote(self, *arguments: Any) -> Any:
        if isinstance(arguments[0], type):
            return self
        call = SimpleNamespace(remote=lambda *job: iter(self._events[job[0]].pop(0)) if job else object())
        call.options = lambda **_: call
        return SimpleNamespace(start=call, run=call, leave=call)

    def wait(self, waits: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return waits, []

    def get(self, event: Any) -> Any:
        if isinstance(event, Exception):
            raise event
        return event

    def kill(self, actor: Any) -> None:
        pass


def run(monkeypatch: pytest.MonkeyPatch, actors: Actors, jobs: Iterator[str]) -> list[tuple[str, Any]]:
    monkeypatch.setattr(fleet, "ray", actors)
    work: Work[str, str] = Work(lambda: None, lambda job, tell: job)
    found = fleet.Fleet(Options(start_seconds=0.2), work, 2, 60.0)
    return list(found.events(jobs, lambda: False))


def test_what_a_dead_worker_was_at_is_tried_again_also_where_no_other_job_is_left(monkeypatch):
    actors = Actors(
        a=[[Finished("a")]],
        b=[[Progress(1.0), RayActorError()], [Finished("b")]],
    )
    events = run(monkeypatch, actors, iter(["a", "b"]))
    assert ("b", Progress(-1.0)) in events
    assert [job for job, event in events if isinstance(event, Finished)] == ["a", "b"]


def test_two_workers_that_wait_share_what_one_takes_but_no_gpu(monkeypatch):
    for options, waits, cpus in ((Options(), False, 1), (Options(), True, 0.5), (Options(gpus=0.5), True, 1)):
        actors = Actors()
        monkeypatch.setattr(fleet, "ray", actors)
        fleet.Fleet(options, Work(lambda: None, lambda job, tell: job, waits=waits), 2, 60.0)
        assert actors.taken["num_cpus"] == cpus
