"""What a worker does with a recording of a store: a copy here, the conversion, the output there.

Nothing passes through the driver. A worker holds one source and one output at a time; there are two for each
processor, so that one converts while the other's files come and go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from styleshift.audio.naming import output_extension
from styleshift.conversion.library import worker
from styleshift.conversion.library.plan import TrackJob
from styleshift.conversion.library.tracks import TrackOutcome
from styleshift.errors import StyleshiftError
from styleshift.remote import Store
from styleshift.remote.fetched import fetch_into
from styleshift.remote.store import StoreError
from styleshift.system.scratch import Scratch


def work(task: tuple[TrackJob, str], tell: Callable[[float], None]) -> TrackOutcome:
    """As :func:`styleshift.conversion.library.worker.work`, of a job with addresses."""
    job, known = task
    tell(0.0)
    try:
        scratch = Scratch()
    except OSError as error:
        return _no_copies(job, error)
    with scratch:
        return _work(job, known, scratch, tell)


def _work(job: TrackJob, known: str, scratch: Scratch, tell: Callable[[float], None]) -> TrackOutcome:
    def alive() -> None:
        tell(0.0)

    here, stamp = job, None
    if job.fetch:
        here = replace(here, source=scratch.path / "in" / job.source.name, fetch="")
        here.source.parent.mkdir()
        folder, _, name = job.fetch.rpartition("/")
        try:
            stamp = fetch_into(scratch, here.source, folder, name, alive)
        except StoreError as error:
            if error.no_room:
                return _no_copies(job, error)
            return TrackOutcome(job.name, "failed", "unreadable", f"cannot be fetched: {error.strerror}")
        except StyleshiftError as error:  # a folder whose name means something in an address
            return TrackOutcome(job.name, "failed", "unreadable", error.message, error.hint)
    if job.send:
        here = replace(here, target=scratch.path / "out" / job.target.name, send="")
    if job.format == "same" and output_extension(here.source) != job.target.suffix:
        # The name was all that could be seen when the output's was chosen, which must be true.
        here = replace(here, format=job.target.suffix)
    outcome = worker.work((here, known), tell)
    if outcome.status == "done" and job.send:
        try:
            folder, _, name = job.send.rpartition("/")
            Store(folder).send(here.target, name, alive)
        except StoreError as error:
            reason = "setup" if error.final else "cannot write"
            message = f"{job.name} cannot be stored: {error.strerror}"
            hint = "check what these credentials may do there" if error.final else "run again"
            return TrackOutcome(job.name, "failed", reason, message, hint)
        except StyleshiftError as error:
            return TrackOutcome(job.name, "failed", "cannot write", error.message, error.hint)
    return outcome._replace(stamp=stamp) if stamp is not None and outcome.digest else outcome


def _no_copies(job: TrackJob, error: OSError) -> TrackOutcome:
    """The failure of a file of which no copy can lie here: nor could one of the next."""
    message = f"the folder of temporary files takes no copy: {error.strerror or error}"
    hint = "make room there, or name another folder in the variable TMPDIR; then run again"
    return TrackOutcome(job.name, "failed", "setup", message, hint)
