"""What is to be done, as it is known before any work: each file, and where its output goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from styleshift.audio.find import Skipped
from styleshift.audio.formats import UNCOMPRESSED, format_of, output_format
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.tracks import Track, Tracks
from styleshift.conversion.settings import ConvertSettings


@dataclass(frozen=True, slots=True)
class TrackJob:
    """One file's conversion.

    Attributes:
        name: POSIX path below the source folder; what tables and reports show.
        source: the file.
        target: its output.
        format: name of the output format; ``same``: what the source holds.
        fetch: address of the source, where it is not on this machine; ``source`` is then its name alone.
        send: address of the output, where it goes elsewhere.
        number: its place in the plan, from 0.
    """

    name: str
    source: Path
    target: Path
    format: str
    fetch: str = ""
    send: str = ""
    number: int = 0


@dataclass(frozen=True)
class LibraryPlan:
    """What is to be done.

    Attributes:
        source: the folder, or the one file.
        journal: of the output folder.
        tracks: all files, in the order of the tree, and what is no recording; beside the journal's table.
        format: name of the output format; ``same``: what a source holds.
        single: the source is one file.
        fetch: address of the folder of the sources; empty: they are on this machine.
        send: address of the folder of the outputs; empty: they are on this machine.
        leftovers: names below ``send`` of files that were on their way there when a run was killed.
        unmatched: a sentence for each pattern of ``include`` and ``exclude`` that matches no file.
    """

    source: Path
    journal: LibraryJournal = field(repr=False, compare=False)
    tracks: Tracks = field(repr=False, compare=False)
    format: str = "same"
    single: bool = False
    fetch: str = ""
    send: str = ""
    leftovers: tuple[str, ...] = field(default=(), repr=False)
    unmatched: tuple[str, ...] = ()

    @property
    def output(self) -> Path:
        """The folder that all outputs are below; of journal and reports, if outputs go to a store."""
        return self.journal.output

    @cached_property
    def _here(self) -> tuple[str, str]:
        """What paths of sources, and of outputs, begin with: Path is slow, a million times."""
        source = self.source.parent if self.single else self.source
        return str(source / "_")[:-1], str(self.output / "_")[:-1]

    @cached_property
    def _places(self) -> tuple[str, str]:
        """The same, absolute; or what their addresses begin with."""
        try:
            folder = Path.cwd()
        except FileNotFoundError:  # it was deleted; paths may be absolute
            folder = Path()
        source, output = (str(folder / start / "_")[:-1] for start in self._here)
        return f"{self.fetch}/" if self.fetch else source, f"{self.send}/" if self.send else output

    @property
    def jobs(self) -> list[TrackJob]:
        """One for each file, in the order of the tree; of a library that is not large."""
        return list(map(self.job, self.tracks.each()))

    @property
    def skipped(self) -> Iterator[Skipped]:
        """What was found and is no recording."""
        return self.tracks.skipped()

    @property
    def place(self) -> str:
        """Where outputs go, in words."""
        return self.send or str(self.output)

    @property
    def music(self) -> float:
        """About how long all of it is, in seconds, by sizes and formats."""
        return float(self.tracks.value("total(music)"))

    @property
    def remote(self) -> bool:
        """Whether sources or outputs are in a store."""
        return bool(self.fetch or self.send)

    def job(self, track: Track) -> TrackJob:
        """The conversion of a file."""
        source, target = self.places(track)
        return TrackJob(
            track.name,
            Path(track.name if self.fetch else self._here[0] + track.name),
            Path(self._here[1] + track.below),
            self.format,
            source if self.fetch else "",
            target if self.send else "",
            track.number,
        )

    def there(self, track: Track) -> bool:
        """Whether something has the output's name; in a store, whether it had when that was listed."""
        return os.path.lexists(self._here[1] + track.below) if track.there is None else track.there

    def places(self, track: Track) -> tuple[str, str]:
        """Where the source and the output are, absolute."""
        return self._places[0] + track.name, self._places[1] + track.below


def wanted_extension(settings: ConvertSettings) -> str | None:
    """Of all outputs; None: each as its source is. Raises UsageError for an unknown format."""
    return None if settings.audio_format == "same" else output_format(settings.audio_format).extension


def about(size: int, name: str, target: str) -> tuple[float, float]:
    """How long the conversion of a file takes, about, as `Track.work` has it, and how many seconds its music.

    By size and formats alone, without opening it.
    By size alone, a long MP3 would come after a short WAV, and be what one processor is left with at the end.
    """
    kilobytes, work = _pace(name[name.rfind(".") :], target[target.rfind(".") :])
    return size / kilobytes * work, size / kilobytes / 1000


@cache
def _pace(source: str, target: str) -> tuple[float, float]:
    """Of two extensions: kilobytes a second of music, and the work, next to all but writing."""
    read, written = format_of(f"x{source}"), format_of(f"x{target}")
    kilobytes = read.kilobytes if read is not None else UNCOMPRESSED
    return kilobytes, 1 + (written.work if written is not None else 0.0)
