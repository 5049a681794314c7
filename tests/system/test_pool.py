"""A worker that dies or hangs costs the job it was at, and none is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from styleshift.system.pool import Died, Progress, Stalled, WorkerPool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

_setting = ""


def begin(setting: str) -> None:
    global _setting
    _setting = setting


def work(job: str, tell: Callable[[float], None]) -> str:
    if job == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job == "leave":
        os._exit(3)
    if job == "hang":
        tell(0.0)
        time.sleep(1000)
    if job == "load":
        time.sleep(2.5)
    if job == "slow":
        for _ in range(8):
            time.sleep(0.25)
            tell(1.0)
    return f"{_setting} {job}"


def run(jobs: list[str], size: int, patience: float = 20.0) -> dict[str, Any]:
    ends, progress = {}, 0.0
    with WorkerPool(size, begin, work, ("set",), patience) as pool:
        for job, event in pool.events(jobs, 0.1):
            if isinstance(event, Progress):
                progress += event.amount
            elif job is not None:
                ends[job] = event
        processes = [worker.process for worker in pool._workers]
    assert not any(process.is_alive() for process in processes)
    ends["progress"] = progress
    return ends


def test_every_job_is_run_by_a_process_that_was_set_up() -> None:
    jobs = [f"job {number}" for number in range(20)]
    ends = run(jobs, 2)
    assert {job: ends[job] for job in jobs} == {job: f"set {job}" for job in jobs}


def test_deaths_cost_one_job_each(capfd: pytest.CaptureFixture[str]) -> None:
    ends = run(["die", "a", "leave", "b", "die"], 2)
    assert ends["die"] == Died(-signal.SIGSEGV)
    assert ends["leave"] == Died(3)
    assert ends["a"] == "set a"
    assert ends["b"] == "set b"
    assert "Traceback" not in capfd.readouterr().err


def test_a_job_that_hangs_is_given_up_and_one_that_is_slow_is_not() -> None:
    began = time.monotonic()
    ends = run(["hang", "slow", "a"], 2, patience=1.5)
    assert ends["hang"] == Stalled()
    assert ends["slow"] == "set slow"
    assert ends["a"] == "set a"
    assert 0 < ends["progress"] <= 8
    assert time.monotonic() - began < 20


def test_what_a_new_process_has_to_load_first_is_waited_for() -> None:
    """Longer than a job may be silent, but within the minute that a new process has."""
    assert run(["load"], 1, patience=0.5)["load"] == "set load"


def test_a_job_is_announced_before_it_is_handed_out() -> None:
    heard: list[str] = []

    def ready(job: str) -> bool:
        heard.append(job)
        return job != "c"

    with WorkerPool(1, begin, work, ("set",), 20.0) as pool:
        ends = [job for job, event in pool.events(["a", "b", "c", "d"], 0.1, ready) if isinstance(event, str)]
    assert heard == ["a", "b", "c"]
    assert ends == ["a", "b"]


def test_no_workers_are_refused_instead_of_waited_for() -> None:
    for size in (0, -3):
        with pytest.raises(AssertionError):
            WorkerPool(size, begin, work, ("set",), 20.0)


def test_leaving_early_ends_what_runs() -> None:
    with WorkerPool(2, begin, work, ("set",), 20.0) as pool:
        began = time.monotonic()
        for _ in pool.events(["hang", "hang "], 0.1):
            if time.monotonic() - began > 1:
                break
        processes = [worker.process for worker in pool._workers]
    assert time.monotonic() - began < 10
    assert len(processes) == 2
    assert not any(process.is_alive() for process in processes)
