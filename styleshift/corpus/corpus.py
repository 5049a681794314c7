"""A domain's stored spectrograms, ready to be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float16Array
from styleshift.corpus.manifest import AGAIN, read_manifest
from styleshift.errors import CorpusError
from styleshift.frontend import SpectrogramConfig


@dataclass(frozen=True, slots=True)
class Track:
    """One recording's log spectrogram.

    Attributes:
        name: POSIX path of the recording in its domain.
        key: decided by content, settings and version; the same key, the same array.
        frames: of the spectrogram.
        bins: of the spectrogram.
        level_db: gated RMS level of the waveform, dBFS.
        seconds: of music.
        digest: of the recording's file.
        path: of the array.
        first: frame of the stored array that this begins with.
        stored: frames of the stored array; None: as many as this has.
    """

    name: str
    key: str
    frames: int
    bins: int
    level_db: float
    seconds: float
    digest: str
    path: Path
    first: int = 0
    stored: int | None = None

    def part(self, first: int, frames: int) -> Track:
        """A stretch of this as a track of its own."""
        assert 0 <= first < first + frames <= self.frames
        return replace(
            self,
            first=self.first + first,
            frames=frames,
            seconds=self.seconds * frames / self.frames,
            stored=self.frames if self.stored is None else self.stored,
        )

    def array(self) -> Float16Array:
        """``[1, frames, bins]`` float16, memory-mapped, read-only; a mono mix at the recording's own level.

        Raises:
            CorpusError: the file is missing or not what the manifest says.
        """
        try:
            array: npt.NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise CorpusError(f"the spectrogram of {self.name} cannot be read: {error}", AGAIN) from error
        whole = (1, self.frames if self.stored is None else self.stored, self.bins)
        if array.shape != whole or array.dtype != np.float16:
            raise CorpusError(
                f"the spectrogram of {self.name} is {array.dtype} {list(array.shape)}; "
                f"float16 {list(whole)} was stored",
                AGAIN,
            )
        return array[:, self.first : self.first + self.frames]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A domain.

    Attributes:
        domain: its name.
        config: the settings that all its spectrograms were made with.
        tracks: at least one, by name.
        digest: hexadecimal; the same if and only if settings and contents are. For provenance.
    """

    domain: str
    config: SpectrogramConfig
    tracks: tuple[Track, ...]
    digest: str

    @property
    def hours(self) -> float:
        """Of music."""
        return sum(track.seconds for track in self.tracks) / 3600

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Open ``workspace.spectrograms / domain``.

        Raises:
            CorpusError: there is none, it is damaged, or no recording in it could be used.
        """
        manifest = read_manifest(folder)
        if manifest is None:
            raise CorpusError(
                f"there are no spectrograms of {folder.name!r} in {folder.parent}; {_others(folder.parent)}",
                "styleshift precompute ./audio, where each sub-folder of ./audio is one style",
            )
        tracks = tuple(
            Track(
                name=entry.name,
                key=entry.key,
                frames=entry.frames,
                bins=manifest.config.bins,
                level_db=entry.level_db,
                seconds=entry.seconds,
                digest=entry.digest,
                path=folder / entry.array_name,
            )
            for entry in manifest.tracks
        )
        if not tracks:
            raise CorpusError(
                f"none of the {len(manifest.entries)} recordings of {folder.name!r} could be used",
                "run styleshift precompute to see why",
            )
        return cls(manifest.domain, manifest.config, tracks, manifest.digest)


def stored_domains(folder: Path) -> list[str]:
    """The names of the domains below ``workspace.spectrograms``, sorted."""
    return sorted(path.parent.name for path in folder.glob("*/manifest.json"))


def _others(folder: Path) -> str:
    names = stored_domains(folder)
    return f"available: {', '.join(names)}" if names else "nothing is stored there"
