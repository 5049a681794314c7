"""The plan of a library on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from styleshift.audio.find import Folder, walk_audio
from styleshift.audio.formats import same_extension
from styleshift.audio.naming import output_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.names import Chosen, Extensions, names_in
from styleshift.conversion.library.plan import LibraryPlan, about, wanted_extension
from styleshift.conversion.library.single import plan_file
from styleshift.conversion.library.tracks import Track, Tracks
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.system.environment import uncollected
from styleshift.system.hashing import FileStamp


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
    if not source.exists():
        raise NothingToDoError(f"{source} does not exist", "name a folder of recordings, or one recording")
    if not source.is_dir():
        return plan_file(source, target_domain, settings, FileStamp.of(source))
    output = None if settings.output is None else Path(settings.output)
    extension = wanted_extension(settings)
    if output is None:
        whole = source.resolve()
        if whole.parent == whole:
            raise UsageError(f"{source} has no folder beside it for the output", "name one with `output`")
        # `.` and `..` have no name of their own to build on.
        base = source if source.name not in ("", "..") else whole
        output = base.with_name(f"{base.name}-{file_name(target_domain)}")
    _check_apart(source, output)
    whole = output.resolve()

    def made(folder: Path) -> bool:
        """A link leads from the source to earlier outputs: they are not to be converted again."""
        there = folder.resolve()
        return there == whole or whole in there.parents

    journal = LibraryJournal.peek(output, settings.part)
    tracks = Tracks(journal.table)
    extensions = local_extensions(source, extension, journal, key)
    fill(tracks, walk_audio(source, exclude=made), settings, extensions, source)
    return LibraryPlan(source, output, journal, tracks, settings.audio_format)


def local_extensions(source: Path, extension: str | None, journal: LibraryJournal, key: str) -> Extensions:
    """Extensions of outputs of files here, which are opened unless the journal knows them."""

    def extensions(folder: Folder) -> Mapping[str, str]:
        if extension is not None:
            return dict.fromkeys(folder.files, extension)
        named = {}
        for name in folder.files:
            stem, suffix = os.path.splitext(name)  # noqa: PTH122 - pathlib is slow, a million times
            end = _same(suffix)
            named[name] = end, stem + end
        done = journal.done([target for _, target in named.values()], key)
        return {
            name: end if done.get(target) == folder.files[name] else output_extension(source / name)
            for name, (end, target) in named.items()
        }

    return extensions


@cache
def _same(suffix: str) -> str:
    return same_extension(f"x{suffix}")


def fill(
    tracks: Tracks,
    folders: Iterable[Folder],
    settings: ConvertSettings,
    extensions: Extensions,
    source: object,
    there: Callable[[str], Container[str]] | None = None,
) -> None:
    """Add the files of a library, folder by folder.

    Args:
        tracks: of a plan; empty.
        folders: of the source.
        settings: which files are chosen.
        extensions: of the outputs.
        source: named in a message.
        there: where outputs go to a store, what is there already in the folder of a name.

    Raises:
        NothingToDoError: there is nothing to convert.
    """
    chosen = Chosen(settings)

    def planned(folder: Folder) -> Iterator[Track]:
        names = list(chosen.of(folder.files))
        targets = names_in(folder, extensions) if names else {}
        taken = there(folder.name) if there is not None else None
        for number, name in enumerate(names, len(tracks)):
            below, stamp = targets[name], folder.files[name]
            known = None if taken is None else below in taken
            yield Track(number, name, below, stamp, known, *about(stamp[0], name, below))

    for folder in folders:
        tracks.skip(folder.skipped)
        tracks.add(folder.name, planned(folder))
    chosen.check(source)


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
