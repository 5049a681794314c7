"""Recordings to the workers of an engine, and what became of each."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

from styleshift.corpus.manifest import ManifestEntry
from styleshift.corpus.stored import work
from styleshift.corpus.work import RecordingJob, RecordingOutcome, start
from styleshift.engines import run_all
from styleshift.hooks import Crashed, Engine, Finished, Progress, Work
from styleshift.system.interrupt import StopRequest


def run_jobs(
    jobs: Iterable[RecordingJob],
    engine: Engine,
    workers: int,
    patience: float,
    stop: StopRequest,
    *,
    in_store: bool = False,
) -> Generator[tuple[RecordingJob, RecordingOutcome], None, None]:
    """Each job with its outcome, in the order that they end; ends early when a stop is requested.

    Recordings that cannot be sent to another process (a plugin's closure) are done in this one, last.

    Args:
        jobs: the recordings.
        engine: has the workers.
        workers: so many at once.
        patience: seconds after which a recording on which nothing moves is given up.
        stop: looked at several times a second.
        in_store: recordings have to be fetched.
    """
    here: list[RecordingJob] = []
    events = run_all(
        engine,
        Work(start, work, waits=in_store),
        _sendable(jobs, here),
        lambda job: (job.domain, job.recording.name),
        workers=workers,
        patience=patience,
        stop=lambda: stop.requested,
    )
    with closing(events):
        for job, event in events:
            if isinstance(event, Finished):
                yield job, event.outcome
            elif isinstance(event, Crashed):
                yield job, _lost(job, f"its decoder crashed: {event.cause}")
            elif not isinstance(event, Progress):
                yield job, _lost(job, f"its decoder gave nothing for {patience:.0f} s")
    for job in here:
        if stop.requested:
            return
        yield job, work(job, lambda _: None)


def _sendable(jobs: Iterable[RecordingJob], others: list[RecordingJob]) -> Iterator[RecordingJob]:
    for job in jobs:
        try:
            pickle.dumps(job)
        except Exception:  # whatever a plugin's object raises when it is pickled
            others.append(job)
        else:
            yield job


def _lost(job: RecordingJob, message: str) -> RecordingOutcome:
    name, version = job.recording.name, job.recording.version
    entry = ManifestEntry(name, version=version, reason="damaged", message=message)
    return RecordingOutcome(entry, remember=False)
