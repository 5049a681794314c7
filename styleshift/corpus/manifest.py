"""What is stored of a domain: one JSON file, and a journal of what was done since it was written.

A run appends every finished recording to the journal and writes the manifest at its end. A run that is
killed loses at most what its workers were at; the next one reads manifest and journal and goes on.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from styleshift.errors import CorpusError
from styleshift.frontend import SpectrogramConfig
from styleshift.system.files import write_json
from styleshift.system.hashing import FileStamp
from styleshift.words import remark_from_json, remark_to_json

# Goes into every key: a change of what is stored, or of how it is computed, makes all of it new.
FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
JOURNAL_NAME = "journal.jsonl"
AGAIN = "run styleshift precompute again; it makes anew what is missing"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One recording: in the corpus (``reason`` empty), or left out of it.

    Attributes:
        name: POSIX path in the domain.
        key: decides the array: content, settings, version; its file is ``<key>.npy``.
        digest: of the file's bytes, hexadecimal.
        version: of the :class:`~styleshift.hooks.Recording`.
        stamp: of the file when it was hashed; of one that never was, key and digest are empty, too.
        frames: of the spectrogram.
        seconds: of the recording.
        sample_rate, channels: of the recording.
        level_db: gated RMS level of what was transformed, dBFS.
        warnings: plain sentences.
        reason, message, hint: why it is left out, and what to try.
    """

    name: str
    key: str = ""
    digest: str = ""
    version: str = ""
    stamp: FileStamp = field(default_factory=FileStamp)
    frames: int = 0
    seconds: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    level_db: float = 0.0
    warnings: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""
    hint: str = ""

    @property
    def array_name(self) -> str:
        """The file of its spectrogram."""
        return f"{self.key}.npy"

    @property
    def why(self) -> str:
        """Why it is left out, with what to try."""
        return "; ".join(filter(None, (self.message, self.hint)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"warnings": [remark_to_json(sentence) for sentence in self.warnings]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ManifestEntry:
        """The inverse of :meth:`to_dict`; raises TypeError or KeyError on anything else."""
        plain = dict(values)
        if "sha256" in plain:  # of an earlier alpha version; it names the content as well
            plain["digest"] = plain.pop("sha256")
        plain["stamp"] = FileStamp(**plain["stamp"])
        plain["warnings"] = tuple(map(remark_from_json, plain.get("warnings", ())))
        return cls(**plain)


@dataclass(slots=True)
class Manifest:
    """All that is known of a domain's recordings.

    Attributes:
        domain: its name.
        config: front-end settings of all arrays.
        entries: by name, those left out too.
    """

    domain: str
    config: SpectrogramConfig
    entries: dict[str, ManifestEntry] = field(default_factory=dict)

    @property
    def tracks(self) -> list[ManifestEntry]:
        """Those in the corpus, by name."""
        return [self.entries[name] for name in sorted(self.entries) if not self.entries[name].reason]

    @property
    def digest(self) -> str:
        """Hexadecimal; the same if and only if the settings and the contents of all tracks are."""
        content = json.dumps([self.config.to_dict(), sorted(entry.key for entry in self.tracks)])
        return hashlib.sha256(content.encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write it in one step; the journal is then no longer needed and removed."""
        values = {
            "format": FORMAT_VERSION,
            "domain": self.domain,
            "spectrogram": self.config.to_dict(),
            "digest": self.digest,
            "recordings": [self.entries[name].to_dict() for name in sorted(self.entries)],
        }
        write_json(folder / MANIFEST_NAME, values)
        (folder / JOURNAL_NAME).unlink(missing_ok=True)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a domain's folder; None where there is none.

    Raises:
        CorpusError: it is damaged, or from another version of styleshift.
    """
    path = folder / MANIFEST_NAME
    try:
        values = json.loads(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read: {error}", AGAIN) from error
    try:
        if values["format"] != FORMAT_VERSION:
            raise CorpusError(
                f"{path} is of format {values['format']!r}; this styleshift reads {FORMAT_VERSION}", AGAIN
            )
        config = SpectrogramConfig.from_dict(values["spectrogram"])
        entries = [ManifestEntry.from_dict(item) for item in values["recordings"]]
        return Manifest(str(values["domain"]), config, {entry.name: entry for entry in entries})
    except (KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"{path} is damaged: {type(error).__name__}: {error}", AGAIN) from error


def read_journal(folder: Path) -> list[ManifestEntry]:
    """The entries of an unfinished run, oldest first; a torn last line is no entry."""
    try:
        lines = (folder / JOURNAL_NAME).read_text("ascii", errors="replace").splitlines()
    except OSError:
        return []
    entries = []
    for line in lines:
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            entries.append(ManifestEntry.from_dict(json.loads(line)))
    return entries


def track_key(digest: str, version: str, config: SpectrogramConfig) -> str:
    """The name of what a recording's content becomes under the given settings."""
    content = json.dumps([FORMAT_VERSION, digest, version, config.to_dict()], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:40]
