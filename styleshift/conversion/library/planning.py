"""The plan of a library: each file and where its output goes, by one walk, on this machine or in a store.

What a store holds is listed a folder at a time, some of them at once, and outputs are named by the names of
the sources alone: to open a million objects takes hours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from styleshift.audio.find import Folder, list_audio, list_stored, walk_folders
from styleshift.audio.formats import same_extension
from styleshift.audio.naming import output_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.names import Chosen, Extensions, names_in
from styleshift.conversion.library.plan import LibraryPlan, about, wanted_extension
from styleshift.conversion.library.single import plan_file
from styleshift.conversion.library.store_journal import peek_journal
from styleshift.conversion.library.tracks import Track, Tracks
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.remote import Store, is_remote
from styleshift.remote.address import checked_address
from styleshift.remote.store import is_partial, place_of
from styleshift.system.environment import uncollected
from styleshift.system.hashing import FileStamp

_LISTED_AHEAD = 16


@uncollected()
def plan_library(
    source: str | Path, target_domain: str, settings: ConvertSettings, key: str = ""
) -> LibraryPlan:
    """Walk the source once and decide each output's name.

    Names depend on the whole tree alone, not on ``include``, ``exclude``, ``limit`` and ``shard``, so that
    runs over parts of a library fit together.

    Args:
        source: a folder, or its address; or one recording.
        target_domain: becomes part of the default output's name.
        settings: where outputs go, their format, and which files are chosen.
        key: of model and settings: what the journal says is up to date need not be opened to be named.

    Raises:
        UsageError: the output would lie in the source, around it or over it; an unknown format; an address
            holds a password; times of files are to be kept in a store, or from one.
        NothingToDoError: no source, or no recording in it.
        StyleshiftError: a store cannot be used.
    """
    if settings.keep_times and (is_remote(source) or is_remote(settings.output)):
        raise UsageError("a store gives every file the time at which it came", "leave `keep_times` out")
    if (stamp := _stamp_of_file(source)) is not None:
        return plan_file(source, target_domain, settings, stamp)
    origin = _Side.of(source)
    if not origin.there():
        raise NothingToDoError(
            f"{origin.name} does not exist", "name a folder of recordings, its address, or one recording"
        )
    target = _Side.of(settings.output if settings.output is not None else _beside(origin.name, target_domain))
    _check_apart(origin, target)
    if target.store is not None:
        target.store.folder("")  # that it can be listed is known before its journal is looked for
    journal = peek_journal(target.store or Path(target.name), settings.part)
    extension = wanted_extension(settings)

    def by_name(folder: Folder) -> Mapping[str, str]:
        return {name: extension or same_extension(name) for name in folder.files}

    opened = _opened(Path(origin.name), journal, key)
    extensions = opened if origin.store is None and extension is None else by_name
    tracks = Tracks(journal.table)
    with ThreadPoolExecutor(_LISTED_AHEAD) as threads:
        lister = _Lister(origin, target, threads)
        folders = walk_folders(lister.listing, lister.expect)
        there = lister.outputs.pop if target.store else None
        unmatched = fill(tracks, folders, settings, extensions, origin.name, there)
    return LibraryPlan(
        Path(origin.name),
        journal,
        tracks,
        settings.audio_format,
        fetch=origin.name if origin.store else "",
        send=target.name if target.store else "",
        leftovers=tuple(lister.leftovers),
        unmatched=unmatched,
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """A folder to read from or to write to: a path here, or the address of a store."""

    name: str
    store: Store | None

    @classmethod
    def of(cls, named: str | Path) -> _Side:
        store = Store(str(named)) if is_remote(named) else None
        return cls(store.address if store is not None else str(Path(named)), store)

    def there(self) -> bool:
        if self.store is None:
            return Path(self.name).is_dir()
        # A store knows no folder without files; a disk does.
        return not self.name.startswith("file:") or self.store.there("")


class _Lister:
    """Lists folders of the source; with a store, which takes its time, some at a time before their turn.

    Args:
        origin: the source.
        target: where outputs go.
        threads: in which a store is asked.

    Attributes:
        outputs: what is in the same folders of a store that outputs go to.
        leftovers: those of them that were on their way when a run was killed.
    """

    def __init__(self, origin: _Side, target: _Side, threads: ThreadPoolExecutor) -> None:
        self._origin, self._target, self._threads = origin, target, threads
        here = origin.store is None and target.store is None
        self._made = Path(target.name).resolve() if here else None
        self._coming: dict[str, Future[Folder]] = {}
        self.outputs: dict[str, frozenset[str]] = {}
        self.leftovers: list[str] = []

    def expect(self, names: Sequence[str]) -> None:
        """Begin with those whose turn comes soon."""
        for name in reversed(names[-_LISTED_AHEAD:]) if self._made is None else ():
            if name not in self._coming:
                self._coming[name] = self._threads.submit(self._list, name)

    def listing(self, name: str) -> Folder:
        """One of them."""
        future = self._coming.pop(name, None)
        return future.result() if future is not None else self._list(name)

    def _list(self, name: str) -> Folder:
        if self._target.store is not None:
            self.outputs[name] = frozenset(self._target.store.folder(name[:-1])[0])
            self.leftovers.extend(filter(is_partial, self.outputs[name]))
        if self._origin.store is None:
            exclude = None if self._made is None else self._is_made
            return list_audio(Path(self._origin.name), name, exclude=exclude)
        files, folders = self._origin.store.folder(name[:-1])
        return list_stored(name, {each: astuple(stamp) for each, stamp in files.items()}, folders)

    def _is_made(self, folder: Path) -> bool:
        """A link leads from the source to earlier outputs: they are not to be converted again."""
        whole = folder.resolve()
        return self._made in (whole, *whole.parents)


def _stamp_of_file(source: str | Path) -> FileStamp | None:
    """Of a source that is one file; None: it is a folder, or nothing."""
    if not is_remote(source):
        path = Path(source)
        return FileStamp.of(path) if path.exists() and not path.is_dir() else None
    checked_address(str(source))  # all of it, before it is taken apart
    folder, _, name = str(source).rpartition("/")
    return Store(folder).file(name) if name and not folder.endswith(":/") else None


def _beside(base: str, target_domain: str) -> str:
    """The output's folder, or its address, where none was named."""
    if is_remote(base):
        return f"{base}-{file_name(target_domain)}"
    source, whole = Path(base), Path(base).resolve()
    if whole.parent == whole:
        raise UsageError(f"{source} has no folder beside it for the output", "name one with `output`")
    # `.` and `..` have no name of their own to build on.
    named = source if source.name not in ("", "..") else whole
    return str(named.with_name(f"{named.name}-{file_name(target_domain)}"))


def _check_apart(source: _Side, output: _Side) -> None:
    whole, other = (
        PurePosixPath(side.store.place if side.store is not None else place_of(side.name))
        for side in (source, output)
    )
    if whole == other:
        raise UsageError(f"the output {output.name} is the source itself", "use another `output`")
    if whole in other.parents or other in whole.parents:
        lies = "is inside" if whole in other.parents else "contains"
        wrong = f"the output {output.name} {lies} the source {source.name}"
        raise UsageError(wrong, "name an `output` beside it")
    if output.store is None and Path(output.name).is_file():
        raise UsageError(f"the output {output.name} is a file; the source is a folder", "name a folder")


def _opened(source: Path, journal: LibraryJournal, key: str) -> Extensions:
    """Extensions of outputs of files here, which are opened unless the journal knows them."""

    def extensions(folder: Folder) -> Mapping[str, str]:
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
) -> tuple[str, ...]:
    """Add the files of a library, folder by folder.

    Args:
        tracks: of a plan; empty.
        folders: of the source.
        settings: which files are chosen.
        extensions: of the outputs.
        source: named in a message.
        there: where outputs go to a store, what is there already in the folder of a name.

    Returns:
        A sentence for each pattern of ``include`` and ``exclude`` that matches no file.

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
    return chosen.unmatched
