"""The check of an engine: every job ends once, a bad one costs no other, and nothing is left running."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from styleshift.hooks.engines import Crashed, Engine, EngineSpec, Finished, Progress, Stalled, Work
from styleshift.testing.contract import built, checked, contract, require

_greeting = ""


@contract("the check came upon an error")
def check_engine(
    spec: EngineSpec, options: Mapping[str, Any] | None = None, *, isolated: bool = True
) -> None:
    """Check an engine with small jobs on two workers.

    Every job must come to one end, on a worker that was started; jobs must be taken as workers can begin
    them; progress must come through; an exception, a crash and a stall must cost the job they happen to and
    no other; and a stop must end the run, with no further job taken and no worker left running.

    Args:
        spec: the record.
        options: of the engine, as text or plain values.
        isolated: jobs run in processes of their own. False leaves out crashes, stalls and stops in the middle
            of a job, which an engine that works in this process cannot survive.

    Raises:
        ContractError: in plain words.
    """
    engine = built(checked(spec, EngineSpec), options)
    engine.threads(2)
    _check_ends(engine)
    _check_lazy(engine)
    if isolated:
        _check_faults(engine)
        _check_stop(engine)


def _check_ends(engine: Engine) -> None:
    jobs = [f"job {number}" for number in range(20)]
    ends, progress = _run(engine, [*jobs, "raise", "slow"])
    for job in jobs:
        outcome = f"hello from {job}"
        require(ends[job] == Finished(outcome), f"{job!r} ended as {ends[job]!r}, not with {outcome!r}")
    require(isinstance(ends["raise"], Crashed), f"a job that raises ended as {ends['raise']!r}, not Crashed")
    require(progress == 4.0, f"a job reported 4.0 of progress, and {progress} came through")


def _check_lazy(engine: Engine) -> None:
    """Jobs without an end, of which a few are done."""
    taken = itertools.count()
    done: list[str] = []
    jobs = (f"job {number}" for number in taken)
    events = _start(engine, jobs, stop=lambda: len(done) >= 10)
    with closing(events):
        for job, event in events:
            if isinstance(event, Finished):
                done.append(job)
    require(len(done) >= 10, f"it ended after {len(done)} jobs, though there were more")
    count = next(taken)
    require(
        count <= len(done) + 2,
        f"{count} jobs were taken for {len(done)} that were done; two workers need two more at most",
    )


def _check_faults(engine: Engine) -> None:
    ends, _ = _run(engine, ["crash", "a", "stall", "b", "c"], patience=3.0)
    require(isinstance(ends["crash"], Crashed), f"a job that crashes ended as {ends['crash']!r}, not Crashed")
    require(ends["crash"].cause, "Crashed has no cause: say what happened")
    require(isinstance(ends["stall"], Stalled), f"a job that stalls ended as {ends['stall']!r}, not Stalled")
    for job in "abc":
        require(
            isinstance(ends[job], Finished), f"beside a crash and a stall, {job!r} ended as {ends[job]!r}"
        )


def _check_stop(engine: Engine) -> None:
    """While all workers are at jobs that never end: once by asking, once by closing."""
    for asked in (True, False):
        with tempfile.TemporaryDirectory(prefix="styleshift-") as folder:
            _check_stopped(engine, Path(folder), asked=asked)


def _check_stopped(engine: Engine, folder: Path, *, asked: bool) -> None:
    begun: list[str] = []
    jobs = iter([f"stall {folder / name}" for name in ("one", "two", "late")])
    events = _start(engine, jobs, stop=lambda: asked and bool(begun))
    how = "stop" if asked else "close"
    since = time.monotonic()
    with closing(events):
        for job, event in events:
            require(isinstance(event, Progress), f"{job!r}, which never ends, ended as {event!r}")
            begun.append(job)
            since = time.monotonic()
            if not asked:
                break
    took = time.monotonic() - since
    require(took < 30, f"it took {took:.0f} s to {how}; seconds are allowed")
    require(len(list(jobs)) >= 1, f"a third job was taken for two workers, or after a {how}")
    # Elsewhere nobody can see from here who is left.
    left = [int(file.suffix[1:]) for file in folder.iterdir()] if engine.local else []
    until = time.monotonic() + 5
    while (left := [pid for pid in left if _runs(pid)]) and time.monotonic() < until:
        time.sleep(0.05)  # one that has ended may wait for its parent to hear of it
    require(not left, f"after a {how}, workers are left running: {left}")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _start(
    engine: Engine, jobs: Iterable[str], *, patience: float = 300.0, stop: Callable[[], bool] = lambda: False
) -> Any:
    work = Work(functools.partial(_greet, "hello"), _work)
    return engine.run(work, jobs, workers=2, patience=patience, stop=stop)


def _run(engine: Engine, jobs: Iterable[str], patience: float = 300.0) -> tuple[dict[str, Any], float]:
    """The end of each job, and the sum of all progress."""
    ends: dict[str, Any] = {}
    progress = 0.0
    events = _start(engine, jobs, patience=patience)
    with closing(events):
        for job, event in events:
            require(job not in ends, f"{job!r} had come to its end when {event!r} came")
            if isinstance(event, Progress):
                progress += event.amount
            else:
                ends[job] = event
    missing = [job for job in jobs if job not in ends]
    require(not missing, f"nothing came of {missing}")
    return ends, progress


def _greet(word: str) -> None:
    global _greeting
    _greeting = word


def _work(job: str, report: Callable[[float], None]) -> str:
    if job == "raise":
        raise RuntimeError("this job raises")
    if job == "crash":
        os.abort()
    if job.startswith("stall"):
        if note := job.removeprefix("stall").strip():
            with contextlib.suppress(OSError):  # on another machine
                Path(f"{note}.{os.getpid()}").touch()
        report(0.0)
        time.sleep(1000)
    if job == "slow":
        for _ in range(4):
            time.sleep(0.1)
            report(1.0)
    return f"{_greeting} from {job}"
