"""Decides, before any work, what becomes of each file: where its output goes, and which are left out."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from styleshift.audio.find import Skipped, find_audio
from styleshift.audio.formats import UNCOMPRESSED, format_of, output_format, readable, same_extension
from styleshift.audio.naming import fitting, output_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError


@dataclass(frozen=True, slots=True)
class TrackJob:
    """One file's conversion.

    Attributes:
        name: POSIX path below the source folder; what tables and reports show.
        source: the file.
        target: its output.
        format: name of the output format; ``same``: what the source holds.
    """

    name: str
    source: Path
    target: Path
    format: str


@dataclass(frozen=True, slots=True)
class LibraryPlan:
    """What is to be done.

    Attributes:
        source: the folder, or the one file.
        output: the folder that all outputs are below.
        jobs: in the order of the tree.
        skipped: what was found and is no recording.
        single: the source is one file.
    """

    source: Path
    output: Path
    jobs: tuple[TrackJob, ...]
    skipped: tuple[Skipped, ...]
    single: bool

    def below(self, job: TrackJob) -> str:
        """The output's POSIX path below the output folder."""
        return job.target.relative_to(self.output).as_posix()


def plan_library(source: Path, target_domain: str, settings: ConvertSettings) -> LibraryPlan:
    """Walk the source once and decide each output's name.

    Names depend on the whole tree alone, not on ``include``, ``exclude``, ``limit`` and ``shard``, so that
    runs over parts of a library fit together.

    Args:
        source: a folder, or one recording.
        target_domain: becomes part of the default output's name.
        settings: where outputs go, their format, and which files are chosen.

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
    ends = {name: extension or output_extension(file) for name, file in zip(names, found.files, strict=True)}
    targets = _targets(names, ends)
    jobs = [
        TrackJob(name, file, output / targets[name], audio_format)
        for name, file in zip(names, found.files, strict=True)
        if _chosen(name, settings.include, settings.exclude)
    ]
    if settings.shard is not None:
        index, count = settings.shard
        jobs = jobs[index - 1 :: count]
    jobs = jobs[: settings.limit]
    if not jobs:
        raise NothingToDoError(
            f"no recording in {source}" if not names else f"none of the {len(names)} recordings match",
            readable() if not names else "check `include`, `exclude` and `shard`",
        )
    return LibraryPlan(source, output, tuple(jobs), found.skipped, single=False)


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
    return LibraryPlan(
        source, target.parent, (TrackJob(source.name, source, target, format_name),), (), single=True
    )


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


def _targets(names: Sequence[str], ends: Mapping[str, str]) -> dict[str, str]:
    """An output name for each name, no two alike, also where case does not count.

    ``a.mp3`` becomes ``a.flac``, unless another file would as well: then ``a.mp3.flac``. Of ``Song.mp3`` and
    ``song.mp3`` the second becomes ``song.2.mp3``, on every file system, so that a library may be moved.

    Args:
        names: POSIX paths below the source.
        ends: by name, the extension of its output.
    """
    simple = {}
    for name in names:
        path = PurePosixPath(name)
        simple[name] = name if path.suffix == ends[name] else fitting(str(path.with_suffix(ends[name])))
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


def _chosen(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    def fits(patterns: Sequence[str]) -> bool:
        return any(
            fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(PurePosixPath(name).name, pattern)
            for pattern in patterns
        )

    return (not include or fits(include)) and not fits(exclude)


def about_work(job: TrackJob) -> float:
    """About how long a file will take, in a unit of its own, without opening it: 10 000 would take a while.

    By size alone, a long MP3 would come after a short WAV, and be what one processor is left with at the end.
    """
    target = format_of(job.target)
    return about_milliseconds(job) * (1 + (target.work if target is not None else 0.0))


def about_milliseconds(job: TrackJob) -> float:
    """About how long the music of a file is, by its size and format alone; 0 where it cannot be seen."""
    try:
        size = job.source.stat().st_size
    except OSError:
        return 0.0
    source = format_of(job.source)
    return size / (source.kilobytes if source is not None else UNCOMPRESSED)
