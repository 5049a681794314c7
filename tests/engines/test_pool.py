"""A worker that dies or hangs costs the job it was at, and none is left behind."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from styleshift.engines.pool import WorkerPool
from styleshift.errors import StyleshiftError
from styleshift.hooks import Crashed, Finished, Progress, Stalled, Work

_setting = ""


def begin(setting: str) -> None:
    global _setting
    _setting = setting
    if setting == "broken":
        raise RuntimeError("cannot start")


def work(job: str, report: Callable[[float], None]) -> Any:
    if job == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job == "leave":
        os._exit(3)
    if job == "raise":
        raise ValueError("tripped")
    if job == "lambda":
        return lambda: None
    if job == "environment":
        return os.environ.get("TOLD_TO_WORKERS")
    if job == "print":
        print("words of a decoder")
        print("words of a decoder", file=sys.stderr)
    if job.startswith("hang"):
        report(0.0)
        time.sleep(1000)
    if job == "load":
        time.sleep(2.5)
    if job == "slow":
        for _ in range(8):
            time.sleep(0.25)
            report(1.0)
    return f"{_setting} {job}"


def never() -> bool:
    return False


def pool(size: int, patience: float = 20.0, setting: str = "set") -> WorkerPool[Any, Any]:
    return WorkerPool(Work(partial(begin, setting), work), size, patience)


def run(jobs: Iterable[Any], size: int, patience: float = 20.0, setting: str = "set") -> dict[Any, Any]:
    """The end of each job, and the sum of all progress."""
    ends: dict[Any, Any] = {}
    progress = 0.0
    with pool(size, patience, setting) as workers:
        for job, event in workers.events(jobs, never):
            if isinstance(event, Progress):
                progress += event.amount
            else:
                assert job not in ends
                ends[job] = event.outcome if isinstance(event, Finished) else event
        processes = [worker.process for worker in workers._workers]
    assert not any(process.is_alive() for process in processes)
    ends["progress"] = progress
    return ends


def test_every_job_is_run_by_a_process_that_was_set_up() -> None:
    jobs = [f"job {number}" for number in range(20)]
    ends = run(jobs, 2)
    assert {job: ends[job] for job in jobs} == {job: f"set {job}" for job in jobs}


def test_deaths_cost_one_job_each(capfd: pytest.CaptureFixture[str]) -> None:
    ends = run(["die", "a", "leave", "b", "raise", "c"], 2)
    assert ends["die"] == Crashed("signal 11 (SIGSEGV)")
    assert ends["leave"] == Crashed("exit code 3")
    assert ends["raise"] == Crashed("ValueError: tripped")
    assert (ends["a"], ends["b"], ends["c"]) == ("set a", "set b", "set c")
    assert "Traceback" not in capfd.readouterr().err


def test_what_cannot_cross_over_costs_its_job() -> None:
    def local() -> None: ...

    ends = run(["a", local, "lambda", "b"], 2)
    assert "cannot be sent" in ends[local].cause
    assert isinstance(ends["lambda"], Crashed)
    assert (ends["a"], ends["b"]) == ("set a", "set b")


def test_workers_that_cannot_start_are_told_of_and_not_waited_for() -> None:
    ends = run(["a", "b", "c"], 2, setting="broken")
    assert {ends[job] for job in "abc"} == {Crashed("exit code 1")}


class Refusing:
    """As a context of multiprocessing, on a system that starts so many processes and no more."""

    def __init__(self, context: Any, left: int, error: Exception) -> None:
        self.context, self.left, self.error = context, left, error
        self.refused = 0
        self.pipes: list[Any] = []

    def Pipe(self) -> Any:  # noqa: N802
        self.pipes.append(self.context.Pipe())
        return self.pipes[-1]

    def Process(self, **given: Any) -> Any:  # noqa: N802
        process = self.context.Process(**given)
        if not self.left:
            process.start = self.refuse
        self.left = max(0, self.left - 1)
        return process

    def refuse(self) -> None:
        self.refused += 1
        raise self.error


REFUSALS = [
    BlockingIOError(errno.EAGAIN, "no process left"),
    OSError(errno.EMFILE, "no file left"),
    EOFError(),
]


@pytest.mark.parametrize("error", REFUSALS, ids=repr)
def test_where_no_more_workers_can_be_started_those_that_run_do_all(error: Exception) -> None:
    jobs = [f"job {number}" for number in range(12)]
    with pool(4) as workers:
        refusing = Refusing(workers._context, 2, error)
        workers._context = refusing
        ends = {job: event for job, event in workers.events(jobs, never) if not isinstance(event, Progress)}
        assert len(workers._workers) == 2
    assert ends == {job: Finished(f"set {job}") for job in jobs}
    assert refusing.refused == 1
    assert all(end.closed for pipe in refusing.pipes for end in pipe)


@pytest.mark.parametrize("error", REFUSALS, ids=repr)
def test_where_no_worker_can_be_started_the_run_ends_with_one_error(error: Exception) -> None:
    jobs = iter(["a", "b", "c"])
    with pool(2) as workers:
        refusing = Refusing(workers._context, 0, error)
        workers._context = refusing
        with pytest.raises(StyleshiftError, match="no worker process can be started"):
            list(workers.events(jobs, never))
    assert list(jobs) == ["b", "c"]
    assert all(end.closed for pipe in refusing.pipes for end in pipe)


def test_a_job_that_hangs_is_given_up_and_one_that_is_slow_is_not() -> None:
    ends = run(["hang", "slow", "a"], 2, patience=1.5)
    assert ends["hang"] == Stalled()
    assert ends["slow"] == "set slow"
    assert ends["a"] == "set a"
    assert ends["progress"] == 8


def test_what_a_new_process_has_to_load_first_is_waited_for() -> None:
    """Longer than a job may be silent, but within the minute that a new process has."""
    assert run(["load"], 1, patience=0.5)["load"] == "set load"


def test_a_job_is_taken_when_a_worker_can_begin_it() -> None:
    taken = itertools.count()
    done: list[str] = []
    with pool(2) as workers:
        for job, event in workers.events((f"job {number}" for number in taken), lambda: len(done) >= 10):
            if isinstance(event, Finished):
                done.append(job)
    assert 10 <= len(done) <= 12
    assert next(taken) <= len(done) + 2


def test_no_workers_are_refused_instead_of_waited_for() -> None:
    for size in (0, -3):
        with pytest.raises(AssertionError):
            pool(size)


def test_leaving_early_ends_what_runs() -> None:
    with pool(2) as workers:
        for _ in workers.events(["hang", "hang too"], never):
            if len(workers._workers) == 2:
                break
        processes = [worker.process for worker in workers._workers]
    assert len(processes) == 2
    assert not any(process.is_alive() for process in processes)


def test_a_stop_hands_over_what_has_finished_and_drops_the_rest() -> None:
    stop = threading.Event()
    ends = []
    with pool(2) as workers:
        for job, event in workers.events(["hang", "a", "b", "hang again"], stop.is_set):
            if isinstance(event, Progress):
                busy = [worker for worker in workers._workers if worker.job]
                others = [worker.pipe for worker in busy if not worker.job[0].startswith("hang")]
                assert not others or wait(others, timeout=60)  # has come to its end meanwhile
                stop.set()
            else:
                ends.append(job)
        processes = [worker.process for worker in workers._workers]
    assert ends
    assert not any(job.startswith("hang") for job in ends)
    assert not any(process.is_alive() for process in processes)


def test_a_signal_that_ends_the_workers_too_is_no_crash_of_their_jobs() -> None:
    """As a terminal or a service manager sends it: to the whole process group."""
    stop = threading.Event()
    ends = []
    with pool(2) as workers:
        for job, event in workers.events(["hang", "hang too"], stop.is_set):
            if not isinstance(event, Progress):
                ends.append((job, event))
            elif not stop.is_set():
                stop.set()
                for worker in workers._workers:
                    worker.process.terminate()
                    worker.process.join()
    assert ends == []


def test_workers_have_the_environment_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for told in ("one", "two"):
        monkeypatch.setenv("TOLD_TO_WORKERS", told)
        assert run(["environment"], 1)["environment"] == told


def start(body: str, **environment: str) -> subprocess.Popen[str]:
    """A program of its own, with this module as ``test_pool``."""
    head = "import sys\nimport test_pool\n"
    script = head + "if __name__ == '__main__':\n" + textwrap.indent(textwrap.dedent(body), "    ")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), **environment},
        text=True,
        **pipes,
    )


@pytest.mark.parametrize(("debug", "told"), [("0", 0), ("1", 2)])
def test_what_a_worker_prints_is_no_result(debug: str, told: int) -> None:
    out, errors = start("test_pool.run(['print'], 1)", STYLESHIFT_DEBUG=debug).communicate()
    assert out == ""
    assert errors.count("words of a decoder") == told


def test_many_short_pools_end_in_good_order() -> None:
    """Most of their processes are still starting when the one job is done: none may be heard of."""
    body = """
        for _ in range(8):
            with test_pool.pool(12) as workers:
                for _, event in workers.events([f"job {n}" for n in range(12)], test_pool.never):
                    break
    """
    process = start(body, STYLESHIFT_DEBUG="1")
    assert process.communicate() == ("", "")
    assert process.returncode == 0


def _children(process: int) -> Iterator[int]:
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in path.read_text().split():
            yield int(child)
            yield from _children(int(child))


@pytest.mark.skipif(sys.platform != "linux", reason="children are found as Linux tells of them")
def test_a_parent_that_is_killed_takes_its_workers_with_it() -> None:
    body = """
        with test_pool.pool(2) as workers:
            for job, event in workers.events(["hang", "load", "a"], test_pool.never):
                if job == "a":
                    print("ready", flush=True)
                    sys.stdin.read()
    """
    parent = start(body)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    children = [Path(f"/proc/{child}") for child in _children(parent.pid)]
    assert len(children) >= 2
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 30
    while any(child.exists() for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [child for child in children if child.exists()]
