"""What a worker process does with one recording. Whatever happens comes back as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from styleshift.audio.tags.read import OWN, made_by_styleshift
from styleshift.corpus.compute import compute
from styleshift.corpus.growing import NotStoredError
from styleshift.corpus.manifest import ManifestEntry, track_key
from styleshift.errors import AudioError, PluginError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import Recording
from styleshift.system.hashing import FileStamp, file_digest


@dataclass(frozen=True, slots=True)
class RecordingJob:
    """One recording to look at.

    Attributes:
        domain: its domain's name.
        recording: must be picklable to be done in a worker process.
        folder: where the domain's arrays are.
        config: front-end settings.
        known: keys that are stored already and may be this recording's.
        overlap: see :func:`styleshift.corpus.compute.compute`.
    """

    domain: str
    recording: Recording
    folder: Path
    config: SpectrogramConfig
    known: frozenset[str]
    overlap: bool


@dataclass(frozen=True, slots=True)
class RecordingOutcome:
    """What became of it.

    Attributes:
        entry: what to remember. With ``known``, only its name, key, hash and stamp count.
        known: the key is one of ``RecordingJob.known``; nothing was computed.
        remember: the same content will come to the same end; False for what a retry may change.
        no_space: the array cannot be written (the operating system's words): no other can either.
    """

    entry: ManifestEntry
    known: bool = False
    remember: bool = True
    no_space: str = ""

    @property
    def new(self) -> bool:
        """Its spectrogram was computed and stored."""
        return not (self.known or self.entry.reason)


def start() -> None:
    """Nothing is to be set up: all that a job needs was imported with this module."""


def work(job: RecordingJob, report: Callable[[float], None]) -> RecordingOutcome:
    """Hash one recording; compute and store its spectrogram if that is not there yet. Never raises.

    Args:
        job: the recording.
        report: told of progress, in seconds of music.
    """
    recording = job.recording
    entry = ManifestEntry(recording.name, version=recording.version)
    remember, hint = False, ""
    report(0.0)
    try:
        entry = replace(entry, stamp=FileStamp.of(recording.path))
        digest = file_digest(recording.path, lambda: report(0.0))
        key = track_key(digest, recording.version, job.config)
        entry = replace(entry, key=key, digest=digest)
        if key in job.known:
            return RecordingOutcome(entry, known=True)
        remember = True
        if made_by_styleshift(recording.path):
            raise AudioError(OWN, reason="own")
        try:
            measured = compute(
                recording, job.folder / f"{key}.npy", job.config, overlap=job.overlap, report=report
            )
        except NotStoredError as error:
            return RecordingOutcome(entry, remember=False, no_space=error.strerror or str(error))
        return RecordingOutcome(replace(entry, **asdict(measured)))
    except AudioError as error:
        reason, message, hint = error.reason, _without_name(error.message, recording.path), error.hint
        # An installed package changes what is unsupported, and a disk may give another time what it did not.
        remember = remember and reason != "unsupported" and not isinstance(error.__cause__, OSError)
    except OSError as error:
        reason, message, remember = "unreadable", f"cannot be read: {error.strerror or error}", False
    except MemoryError:
        reason, message, remember = "unreadable", "needs more memory than there is", False
    except PluginError as error:
        reason, message, remember = "unreadable", error.message, False
    except Exception as error:  # our bug, or a library's: either way, one recording
        reason, message, remember = "unreadable", f"{type(error).__name__}: {error}", False
    return RecordingOutcome(replace(entry, reason=reason, message=message, hint=hint), remember=remember)


def _without_name(message: str, path: Path) -> str:
    """Tables have a column for the name."""
    from styleshift.audio.stream import shown

    return message.removeprefix(f"{shown(path)}: ")
