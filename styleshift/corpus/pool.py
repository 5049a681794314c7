"""Jobs on worker processes. A decoder that crashes or hangs takes one worker and one recording with it."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import replace
from typing import Any

from pebble import CONSTS, ProcessExpired, ProcessPool

from styleshift.corpus.manifest import Entry, Stamp
from styleshift.corpus.work import Job, Outcome, start_worker, work
from styleshift.system.interrupt import StopRequest

# Decoding takes a thousandth of real time; this is for what never ends.
TIMEOUT_SECONDS = 300.0
TIMEOUT_SECONDS_PER_MEGABYTE = 10.0
# How often the pool's own threads look around, seconds. Its default of 0.1 is felt at the start and the end.
LOOK_SECONDS = 0.005
# Jobs handed to the pool beyond those that run: enough that no worker waits, few enough to stop quickly.
WAITING_PER_WORKER = 4


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_jobs(jobs: Iterable[Job], workers: int, stop: StopRequest) -> Iterator[tuple[Job, Outcome]]:
    """Each job with its outcome, in the order that they end; ends early when a stop is requested.

    Recordings that cannot be sent to another process (a plugin's closure) are done in this one, last.
    """
    here: list[Job] = []
    waiting = iter(jobs)
    CONSTS.sleep_unit = LOOK_SECONDS
    pool: Any = ProcessPool(max_workers=workers, initializer=start_worker, context=_context())
    running: dict[Any, Job] = {}
    try:
        while not stop.requested:
            while len(running) < workers * WAITING_PER_WORKER:
                job = next(waiting, None)
                if job is None:
                    break
                if _picklable(job):
                    running[pool.schedule(work, args=(job,), timeout=_timeout(job))] = job
                else:
                    here.append(job)
            if not running:
                break
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                yield job, _outcome(future, job)
    finally:
        pool.stop()
        pool.join()
    for job in here:
        if stop.requested:
            return
        yield job, work(job)


def _context() -> Any:
    # Not fork: threads of ours or of libraries may hold locks at that moment. Not spawn: it imports anew
    # for each worker.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # Everything that a job needs, and that unpickling one imports.
    context.set_forkserver_preload(
        ["styleshift.audio.read", "styleshift.audio.domain", "styleshift.corpus.compute"]
    )
    return context


def _picklable(job: Job) -> bool:
    try:
        pickle.dumps(job)
    except Exception:  # whatever a plugin's object raises when it is pickled
        return False
    return True


def _timeout(job: Job) -> float:
    try:
        size = job.recording.path.stat().st_size
    except OSError:
        size = 0
    return TIMEOUT_SECONDS + TIMEOUT_SECONDS_PER_MEGABYTE * size / 1e6


def _outcome(future: Any, job: Job) -> Outcome:
    try:
        outcome = future.result()
        assert isinstance(outcome, Outcome)
        return outcome
    except TimeoutError:
        message = f"its decoder did not come to an end in {_timeout(job):.0f} s"
    except ProcessExpired as error:
        message = f"its decoder crashed ({_death(error.exitcode)})"
    blank = Entry(job.recording.name, "", "", job.recording.version, Stamp(0, 0, 0, 0))
    return Outcome(replace(blank, reason="damaged", message=message), remember=False)


def _death(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
