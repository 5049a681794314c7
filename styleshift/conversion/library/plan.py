"""Decides, before any work, what becomes of each file: where its output goes, and which are left out."""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from styleshift.audio.find import Skipped, find_audio
from styleshift.audio.formats import UNCOMPRESSED, format_of, output_format, readable, same_extension
from styleshift.audio.naming import fitting, output_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.system.environment import uncollected
from styleshift.system.hashing import FileStamp


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
    """

    name: str
    source: Path
    target: Path
    format: str
    fetch: str = ""
    send: str = ""


@dataclass(frozen=True, slots=True)
class Stores:
    """What was in stores when they were listed.

    Attributes:
        output: address of the outputs; empty: they are on this machine.
        stamps: of the sources, by name; empty: they are on this machine.
        there: names below ``output``.
        kept: keeps the local folder of journal and reports until the plan is gone.
    """

    output: str
    stamps: Mapping[str, FileStamp]
    there: AbstractSet[str]
    kept: object = None


@dataclass(frozen=True, slots=True)
class LibraryPlan:
    """What is to be done.

    Attributes:
        source: the folder, or the one file.
        output: the folder that all outputs are below.
        jobs: in the order of the tree.
        skipped: what was found and is no recording.
        single: the source is one file.
        journal: of the output folder, read once.
        stores: what stores hold of sources and outputs; None: all is on this machine. ``output`` is then a
            folder for journal and reports, if outputs go to a store.
    """

    source: Path
    output: Path
    jobs: tuple[TrackJob, ...]
    skipped: tuple[Skipped, ...]
    single: bool
    journal: LibraryJournal = field(repr=False, compare=False)
    stores: Stores | None = None
    _start: int = field(init=False, repr=False, compare=False)  # of names in the paths of outputs
    _here: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_start", len(str(self.output / "_")) - 1)
        with contextlib.suppress(FileNotFoundError):  # the folder was deleted; paths may be absolute
            object.__setattr__(self, "_here", str(Path.cwd() / "_")[:-1])

    def below(self, job: TrackJob) -> str:
        """The output's POSIX path below the output folder."""
        return str(job.target)[self._start :]

    @property
    def place(self) -> str:
        """Where outputs go, in words."""
        return self.stores.output if self.stores is not None and self.stores.output else str(self.output)

    def there(self, job: TrackJob) -> bool:
        """Whether something has the output's name."""
        if job.send:
            assert self.stores is not None, "who sends has a store"
            return self.below(job) in self.stores.there
        return os.path.lexists(job.target)

    def stamp(self, job: TrackJob) -> FileStamp:
        """Of the source as it is, or was when the store was listed; raises OSError."""
        if job.fetch:
            assert self.stores is not None, "who fetches has a store"
            return self.stores.stamps[job.name]
        return FileStamp.of(job.source)

    def places(self, job: TrackJob) -> tuple[str, str]:
        """Where the source and the output are, absolute."""
        source, target = job.fetch or str(job.source), job.send or str(job.target)
        if self.stores is not None:
            return source, target
        # Path.absolute() does the same, but is slow, a million times.
        return (
            source if source.startswith("/") else self._here + source,
            target if target.startswith("/") else self._here + target,
        )


@uncollected()
def plan_library(
    source: Path,
    target_domain: str,
    settings: ConvertSettings,
    key: str = "",
) -> LibraryPlan:
    """Walk the source once and decide each output's name.

    Names depend on the whole tree alone, not on ``include``, ``exclude``, ``limit`` and ``shard``, so that
    runs over parts of a library fit together.

    Args:
        source: a folder, or one recording.
        target_domain: becomes part of the default output's name.
        settings: where outputs go, their format, and which files are chosen.
        key: of model and settings: what the journal says is up to date need not be opened to be named.

    Raises:
        UsageError: the output would lie in the source, around it or over it; an unknown format.
        NothingToDoError: no source, or no recording in it.
    """
    audio_format = settings.audio_format
    output = None if settings.output is None else Path(settings.output)
    wanted = None if audio_format == "same" else output_format(audio_format)
    extension = wanted.extension if wanted else None
    if not source.exists():
        raise NothingToDoError(f"{source} does not exist", "name a folder of recordings, or one recording")
    suffix = file_name(target_domain)
    if not source.is_dir():
        return _plan_file(source, suffix, output, audio_format, extension)
    if output is None:
        whole = source.resolve()
        if whole.parent == whole:
            raise UsageError(f"{source} has no folder beside it for the output", "name one with `output`")
        # `.` and `..` have no name of their own to build on.
        base = source if source.name not in ("", "..") else whole
        output = base.with_name(f"{base.name}-{suffix}")
    _check_apart(source, output)
    whole = output.resolve()

    def made(folder: Path) -> bool:
        """A link leads from the source to earlier outputs: they are not to be converted again."""
        there = folder.resolve()
        return there == whole or whole in there.parents

    found = find_audio(source, exclude=made)
    names = found.names()
    journal = LibraryJournal.peek(output, settings.part)
    ends = _extensions(names, found.files, extension, journal, key)
    targets = output_names(names, ends)
    files = dict(zip(names, found.files, strict=True))
    jobs = tuple(
        TrackJob(name, files[name], output / targets[name], audio_format)
        for name in chosen(names, settings, source)
    )
    return LibraryPlan(source, output, jobs, found.skipped, False, journal)


def _extensions(
    names: Sequence[str],
    files: Sequence[Path],
    extension: str | None,
    journal: LibraryJournal,
    key: str,
) -> dict[str, str]:
    """By name, the extension of its output; files are opened unless the journal knows them."""
    ends = {}
    for name, file in zip(names, files, strict=True):
        end = extension
        if end is None:
            named = same_extension(name)
            entry = journal.entry(name.removesuffix(os.path.splitext(name)[1]) + named)  # noqa: PTH122
            if entry is not None and entry.state == "done" and entry.key == key:
                with contextlib.suppress(OSError):
                    end = named if entry.stamp == FileStamp.of(file) else None
        ends[name] = end or output_extension(file)
    return ends


def _plan_file(
    source: Path, suffix: str, output: Path | None, audio_format: str, extension: str | None
) -> LibraryPlan:
    default = fitting(f"{source.stem}-{suffix}{extension or output_extension(source)}")
    if output is None:
        target = source.with_name(default)
    elif output.is_dir() or not output.suffix:
        target = output / default
    else:
        target = output
    format_name = format_for_file(source, target, audio_format)
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} is the source itself", "use another `output`")
    job = TrackJob(source.name, source, target, format_name)
    return LibraryPlan(source, target.parent, (job,), (), True, LibraryJournal.peek(target.parent))


def format_for_file(source: Path, target: Path, audio_format: str = "same") -> str:
    """What one recording is written as: what was asked for, else what the target's extension says.

    Args:
        source: the recording.
        target: its output.
        audio_format: ``same`` or a format's name.

    Returns:
        A format's name, or ``same``: what the source holds.

    Raises:
        UsageError: there is no such format, or it is another than the target's extension says.
    """
    extension = target.suffix.lower()
    if audio_format == "same":
        if extension in ("", same_extension(source.name).lower(), output_extension(source).lower()):
            return "same"
        return output_format(extension).name
    wanted = output_format(audio_format)
    row = format_of(target)
    if row is not None and row.name != wanted.name:
        raise UsageError(
            f"the format {wanted.name} and the output {target} do not agree",
            f"name it {target.stem}{wanted.extension}",
        )
    return wanted.name


def _check_apart(source: Path, output: Path) -> None:
    whole, other = source.resolve(), output.resolve()
    if whole == other:
        raise UsageError(f"the output {output} is the source itself", "use another `output`")
    if whole in other.parents:
        raise UsageError(f"the output {output} is inside the source {source}", "name an `output` beside it")
    if other in whole.parents:
        raise UsageError(f"the output {output} contains the source {source}", "name an `output` beside it")
    if output.exists() and not output.is_dir():
        raise UsageError(f"the output {output} is a file; the source is a folder", "name a folder")


def output_names(names: Sequence[str], ends: Mapping[str, str]) -> dict[str, str]:
    """An output name for each name, no two alike, also where case does not count.

    ``a.mp3`` becomes ``a.flac``, unless another file would as well: then ``a.mp3.flac``. Of ``Song.mp3`` and
    ``song.mp3`` the second becomes ``song.2.mp3``, on every file system, so that a library may be moved.

    Args:
        names: POSIX paths below the source.
        ends: by name, the extension of its output.
    """
    simple = {}
    for name in names:
        kept = name.endswith(ends[name]) and PurePosixPath(name).suffix == ends[name]
        simple[name] = name if kept else fitting(str(PurePosixPath(name).with_suffix(ends[name])))
    count = Counter(value.casefold() for value in simple.values())
    taken: set[str] = set()
    targets: dict[str, str] = {}
    first: dict[
        str, str
    ] = {}  # of those that would keep their names, by what is left where case does not count
    for name in names:
        if simple[name] == name:
            first.setdefault(name.casefold(), name)
    keepers = set(first.values())
    # What keeps its name comes first: the source's file system could hold it, so the output's can. Then those
    # that are alone with theirs.
    for name in sorted(names, key=lambda name: (name not in keepers, count[simple[name].casefold()] > 1)):
        ending = ends[name]
        choice, number = simple[name], 1
        if name not in keepers and (count[choice.casefold()] > 1 or choice.casefold() in taken):
            stem = name.removesuffix(ending) if choice == name else name
            choice = fitting(stem + ending)
            while choice.casefold() in taken:
                number += 1
                choice = fitting(f"{stem}.{number}{ending}")
        targets[name] = choice
        taken.add(choice.casefold())
    return targets


def chosen(names: Sequence[str], settings: ConvertSettings, source: object) -> Sequence[str]:
    """The names that are to be converted.

    Raises:
        NothingToDoError: there is none.
    """
    found = [name for name in names if _chosen(name, settings.include, settings.exclude)]
    if settings.shard is not None:
        index, count = settings.shard
        found = found[index - 1 :: count]
    found = found[: settings.limit]
    if not found:
        raise NothingToDoError(
            f"no recording in {source}" if not names else f"none of the {len(names)} recordings match",
            readable() if not names else "check `include`, `exclude` and `shard`",
        )
    return found


def _chosen(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    def fits(patterns: Sequence[str]) -> bool:
        return any(
            fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(PurePosixPath(name).name, pattern)
            for pattern in patterns
        )

    return (not include or fits(include)) and not fits(exclude)


def about_work(plan: LibraryPlan, job: TrackJob) -> float:
    """About how long a file will take, in a unit of its own, without opening it: 10 000 would take a while.

    By size alone, a long MP3 would come after a short WAV, and be what one processor is left with at the end.
    """
    target = format_of(job.target)
    return about_milliseconds(plan, job) * (1 + (target.work if target is not None else 0.0))


def about_milliseconds(plan: LibraryPlan, job: TrackJob) -> float:
    """About how long the music of a file is, by its size and format alone; 0 where it cannot be seen."""
    try:
        size = plan.stamp(job).size
    except OSError:
        return 0.0
    source = format_of(job.source)
    return size / (source.kilobytes if source is not None else UNCOMPRESSED)
