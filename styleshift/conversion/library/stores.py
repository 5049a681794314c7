"""The plan of a library whose sources or outputs are in a store.

Outputs are named as on this machine, but by the names of the sources alone: to open a million objects takes
hours. What a store holds is listed a folder at a time, some of them at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path, PurePosixPath

from styleshift.audio.find import Folder, list_audio, list_stored, walk_folders
from styleshift.audio.formats import same_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.local import fill, local_extensions
from styleshift.conversion.library.plan import LibraryPlan, wanted_extension
from styleshift.conversion.library.single import plan_file
from styleshift.conversion.library.store_journal import StoreJournal
from styleshift.conversion.library.tracks import Tracks
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.progress import Reporter
from styleshift.remote import Store, is_remote
from styleshift.remote.address import checked_address
from styleshift.remote.store import StoreError, is_partial, place_of
from styleshift.system.hashing import FileStamp
from styleshift.system.scratch import Scratch

_LISTED_AHEAD = 16


def plan_stores(
    source: str | Path, target_domain: str, settings: ConvertSettings, key: str = ""
) -> LibraryPlan:
    """As :func:`styleshift.conversion.library.plan.plan_library`, where one side at least is an address.

    Args:
        source: folder, or address of one; or one recording.
        target_domain: see there.
        settings: see there.
        key: see there.

    Raises:
        UsageError: the output would lie in the source or around it, an address holds a password, or times of
            files are to be kept.
        NothingToDoError: no recording.
        StyleshiftError: a store cannot be used.
    """
    if settings.keep_times:
        raise UsageError("a store gives every file the time at which it came", "leave `keep_times` out")
    if (stamp := _stamp_of_file(source)) is not None:
        return plan_file(source, target_domain, settings, stamp)
    origin = Store(str(source)) if is_remote(source) else None
    base = origin.address if origin is not None else str(source)
    # A store knows no folder without files; a disk does.
    on_disk = origin is None or base.startswith("file:")
    if on_disk and not (Path(base).exists() if origin is None else origin.there("")):
        raise NothingToDoError(f"{base} does not exist", "name a folder of recordings, or its address")
    outside = str(settings.output) if settings.output is not None else f"{base}-{file_name(target_domain)}"
    target = Store(outside) if is_remote(outside) else None
    outside = target.address if target is not None else outside
    sides = ((origin, base), (target, outside))
    places = [store.place if store is not None else place_of(path) for store, path in sides]
    if os.path.commonpath(places) in places:
        raise UsageError(f"the output {outside} and the source {base} are not apart", "use another `output`")
    kept: Scratch | None = None
    if target is not None:
        target.folder("")  # that it can be listed is known before its journal is looked for
        kept = Scratch()
        here = Path(kept.path, file_name(PurePosixPath(outside).name))
        journal: LibraryJournal = StoreJournal(here, target, settings.part)
        journal.load()
    else:
        here = Path(outside)
        journal = LibraryJournal.peek(here, settings.part)
    extension = wanted_extension(settings)

    def by_name(folder: Folder) -> Mapping[str, str]:
        return {name: extension or same_extension(name) for name in folder.files}

    outputs: dict[str, frozenset[str]] = {}
    leftovers: list[str] = []

    def listing(name: str) -> Folder:
        if target is not None:
            outputs[name] = frozenset(target.folder(name[:-1])[0])
            leftovers.extend(filter(is_partial, outputs[name]))
        if origin is None:
            return list_audio(Path(base), name)
        files, folders = origin.folder(name[:-1])
        return list_stored(name, {each: astuple(stamp) for each, stamp in files.items()}, folders)

    tracks = Tracks(journal.table)
    with ThreadPoolExecutor(_LISTED_AHEAD) as threads:
        ahead = _Ahead(listing, threads)
        fill(
            tracks,
            walk_folders(ahead.listing, ahead.expect),
            settings,
            by_name if origin is not None else local_extensions(Path(base), extension, journal, key),
            base,
            outputs.pop if target is not None else None,
        )
    return LibraryPlan(
        Path(base),
        here,
        journal,
        tracks,
        settings.audio_format,
        fetch=base if origin is not None else "",
        send=outside if target is not None else "",
        leftovers=tuple(leftovers),
        kept=kept,
    )


class _Ahead:
    """Folders that are listed before their turn, some at a time: a store takes its time to answer.

    Args:
        list_folder: lists one.
        threads: in which it is called.
    """

    def __init__(self, list_folder: Callable[[str], Folder], threads: ThreadPoolExecutor) -> None:
        self._list, self._threads = list_folder, threads
        self._coming: dict[str, Future[Folder]] = {}

    def expect(self, names: Sequence[str]) -> None:
        """Begin with those whose turn comes soon."""
        for name in reversed(names[-_LISTED_AHEAD:]):
            if name not in self._coming:
                self._coming[name] = self._threads.submit(self._list, name)

    def listing(self, name: str) -> Folder:
        """One of them."""
        future = self._coming.pop(name, None)
        return future.result() if future is not None else self._list(name)


def _stamp_of_file(source: str | Path) -> FileStamp | None:
    """Of a source that is one file; None: it is a folder, or nothing."""
    if not is_remote(source):
        return FileStamp.of(Path(source)) if Path(source).is_file() else None
    checked_address(str(source))  # all of it, before it is taken apart
    folder, _, name = str(source).rpartition("/")
    return Store(folder).file(name) if name and not folder.endswith(":/") else None


def send_reports(plan: LibraryPlan, report: Path, reporter: Reporter) -> None:
    """Put the reports where the outputs are, if that is a store."""
    if not plan.send:
        return
    try:
        store = Store(plan.send)
        for path in (report, report.with_suffix(".html")):
            store.send(path, path.name)
    except StoreError as error:
        reporter.warn(f"no report could be written to {plan.place}: {error.strerror}")
