"""Recordings in a store: found by their names, and brought here by the worker that reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from styleshift.audio.domain import open_recording, recordings
from styleshift.audio.find import Found, names_of_audio
from styleshift.corpus import work as here
from styleshift.corpus.manifest import ManifestEntry
from styleshift.corpus.work import RecordingJob, RecordingOutcome
from styleshift.hooks import Recording
from styleshift.remote import Store
from styleshift.remote.fetched import fetch_into
from styleshift.remote.store import StoreError
from styleshift.system.hashing import FileStamp
from styleshift.system.scratch import Scratch


@dataclass(frozen=True, slots=True)
class StoredRecording(Recording):
    """A recording that is not on this machine; ``path`` is its name alone.

    Attributes:
        folder: address of the folder that ``path`` is below.
        stamp: when the store was listed.
    """

    folder: str = ""
    stamp: FileStamp = field(default_factory=FileStamp)


def stored_recordings(address: str) -> tuple[dict[str, list[Recording]], Found]:
    """The recordings of each sub-folder of an address, and all that was found.

    Raises:
        UsageError: it cannot be listed, or holds a password.
        StyleshiftError: see :class:`styleshift.remote.Store`.
    """
    store = Store(address)
    stamps = store.listed()
    names, skipped = names_of_audio(stamps)
    found = Found(Path(), tuple(map(Path, names)), skipped)
    domains: dict[str, list[Recording]] = {
        domain: [
            StoredRecording(
                each.name, each.path, each.open, folder=store.address, stamp=stamps[each.path.as_posix()]
            )
            for each in those
        ]
        for domain, those in recordings(found).items()
    }
    return domains, found


def stamp_of(recording: Recording) -> FileStamp:
    """Of the file as it is, or was when the store was listed; all 0 where it cannot be looked at."""
    if isinstance(recording, StoredRecording):
        return recording.stamp
    try:
        return FileStamp.of(recording.path)
    except OSError:
        return FileStamp()


def work(job: RecordingJob, report: Callable[[float], None]) -> RecordingOutcome:
    """As :func:`styleshift.corpus.work.work`, also of a recording that is in a store."""
    recording = job.recording
    if not isinstance(recording, StoredRecording):
        return here.work(job, report)
    with Scratch() as scratch:
        path = scratch.path / recording.path.name
        try:
            name = recording.path.as_posix()
            stamp = fetch_into(scratch, path, recording.folder, name, lambda: report(0.0))
        except StoreError as error:
            message = f"cannot be fetched: {error.strerror}"
            name, version = recording.name, recording.version
            entry = ManifestEntry(name, version=version, reason="unreadable", message=message)
            return RecordingOutcome(entry, remember=False, no_space=message if error.no_room else "")
        copy = Recording(recording.name, path, partial(open_recording, path), recording.version)
        outcome = here.work(replace(job, recording=copy), report)
    return replace(outcome, entry=replace(outcome.entry, stamp=stamp))
