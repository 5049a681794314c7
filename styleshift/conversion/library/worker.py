"""What runs in a worker process: one file at a time. A decoder that crashes costs one file, not the run."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from styleshift.conversion.library.plan import TrackJob
from styleshift.conversion.library.tracks import TrackOutcome
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import AudioError, PluginError, StyleshiftError, UsageError
from styleshift.system.hashing import FileStamp, file_digest, file_sha256

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.conversion.track.converter import TrackConverter
    from styleshift.runtimes.broker import Address, BrokerSession

# Failures that the next file will not escape.
FATAL = frozenset({"setup", "disk full"})


@dataclass(slots=True)
class _Worker:
    """What this process knows: settings, and the converter once the first file has asked for it."""

    bundle: Bundle
    settings: ConvertSettings
    threads: int
    token: str
    broker: Address | None
    shared: BrokerSession | None = None
    converter: TrackConverter | None = None


_worker: _Worker | None = None


def begin(
    bundle: Bundle, settings: ConvertSettings, threads: int, token: str, broker: Address | None = None
) -> None:
    """Set a worker up; cheap, so that nothing can fail where nobody could say so.

    Args:
        bundle: the model, which the command has looked through.
        settings: of the conversion.
        threads: that the model may use.
        token: of the run, in the names of its temporary files.
        broker: what runs the model for all workers; None: this one loads it for itself.
    """
    global _worker  # a process has one; engines hand over functions, not objects
    _worker = _Worker(bundle, settings, threads, token, broker)


def work(task: tuple[TrackJob, str], tell: Callable[[float], None]) -> TrackOutcome:
    """Convert one file, and say what happened; raises nothing that can be said.

    Args:
        task: what to convert, and the digest of the source that the output there was made from, or nothing;
            if the source is still the same, nothing is done.
        tell: told of progress, in seconds of music.
    """
    job, known = task
    worker = _worker
    assert worker is not None, "begin() comes first"
    try:
        if worker.converter is None or (worker.shared is not None and worker.shared.broken):
            worker.converter = _converter(worker, tell)
    except StyleshiftError as error:
        return TrackOutcome(job.name, "failed", "setup", error.message, error.hint, exit_code=error.exit_code)
    try:
        tell(0.0)
        return _convert(worker, worker.converter, job, known, tell)
    except StyleshiftError as error:
        outcome, cause = failed(job, error, worker.settings), error.__cause__
        full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
        return outcome._replace(reason="disk full") if full else outcome
    except Exception as error:  # met by one file: the others go on
        return unforeseen(job, error)


def _converter(worker: _Worker, tell: Callable[[float], None]) -> TrackConverter:
    from styleshift.conversion.track.load import load_converter
    from styleshift.errors import BundleError

    path = worker.bundle.path
    try:
        digest = file_sha256(path)
    except OSError as error:
        raise BundleError(f"the model file {path} cannot be read: {error.strerror or error}") from error
    if digest != worker.bundle.digest:
        raise BundleError(f"the model file {path} changed during the run", "run again")
    if worker.broker is not None:
        from styleshift.runtimes.broker import connect

        worker.shared = connect(worker.broker, tell)
    return load_converter(worker.bundle, worker.settings, worker.threads, worker.shared)[0]


def _convert(
    worker: _Worker, converter: TrackConverter, job: TrackJob, known: str, tell: Callable[[float], None]
) -> TrackOutcome:
    from styleshift.audio.formats import output_format
    from styleshift.audio.tags.read import is_marked, read_tags
    from styleshift.conversion.track.convert import convert_track

    with _opened(f"{job.name}: cannot be opened"):
        before = job.source.stat()
    tags = None
    with suppress(OSError):  # the music is not to be had then either
        tags = read_tags(job.source) if job.source.is_file() else None  # a pipe would block for ever
    if tags is not None and is_marked(tags) and not worker.settings.include_own:
        return left_out(job)
    digest = source_digest(job.source, lambda: tell(0.0))
    stamp = FileStamp.of_status(before)
    if known and digest == known:
        return TrackOutcome(job.name, "unchanged", digest=digest, stamp=stamp)

    job.target.parent.mkdir(parents=True, exist_ok=True)
    result = convert_track(
        converter,
        job.source,
        job.target,
        format=None if job.format == "same" else output_format(job.format),
        comment=worker.bundle.comment,
        on_seconds=tell,
        token=worker.token,
        tags=tags,
    )
    if worker.settings.keep_times:
        os.utime(job.target, ns=(before.st_atime_ns, before.st_mtime_ns))
    return TrackOutcome(job.name, "done", digest=digest, stamp=stamp, result=result.to_dict())


def failed(job: TrackJob, error: StyleshiftError, settings: ConvertSettings) -> TrackOutcome:
    """What becomes of a recording that cannot be converted."""
    from styleshift.audio.stream import shown

    if isinstance(error, UsageError):  # a link in the output folder leads to the source
        return TrackOutcome(job.name, "failed", "in the way", error.message, error.hint)
    whose = "plugin" if isinstance(error, PluginError) else "model"
    reason = error.reason if isinstance(error, AudioError) else whose
    # Tables and reports name the file beside the message.
    message = error.message.removeprefix(f"{shown(job.source)}: ").removeprefix(f"{shown(job.target)}: ")
    hint = error.hint
    if reason == "damaged" and not settings.salvage:
        hint = f"{hint + ', or ' if hint else ''}`salvage` converts what can be read before the damage"
    return TrackOutcome(job.name, "failed", reason, message, hint)


def unforeseen(job: TrackJob, error: Exception) -> TrackOutcome:
    """What becomes of a recording that met an error without a message of ours."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        message = f"{error.strerror or error}: {error.filename or job.name}"
        return TrackOutcome(job.name, "failed", "disk full" if full else "cannot write", message)
    if isinstance(error, MemoryError):
        return TrackOutcome(job.name, "failed", "memory", "not enough memory", "use fewer `jobs`")
    # A bug of ours, or a library's.
    return TrackOutcome(job.name, "failed", "bug", f"{type(error).__name__}: {error}")


def left_out(job: TrackJob) -> TrackOutcome:
    """What becomes of a recording that is a conversion already: beside its source it would come twice."""
    from styleshift.audio.tags.read import OWN

    return TrackOutcome(job.name, "left out", "own", OWN, "`include_own` converts it too")


def source_digest(path: Path, on_block: Callable[[], None]) -> str:
    """Digest of a recording; raises AudioError where it cannot be read, or is not a regular file."""
    from styleshift.audio.stream import shown

    if not path.is_file():
        raise AudioError(f"{shown(path)}: is not a regular file", reason="unreadable")
    with _opened(f"{shown(path)}: cannot be read"):
        return file_digest(path, on_block)


@contextmanager
def _opened(failure: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AudioError(f"{failure}: {error.strerror or error}", reason="unreadable") from error
