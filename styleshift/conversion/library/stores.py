"""The plan of a library whose sources or outputs are in a store.

Outputs are named as on this machine, but by the names of the sources alone: to open a million objects takes
hours. What a store holds is listed once.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from styleshift.audio.find import find_audio, names_of_audio
from styleshift.audio.formats import output_format, same_extension
from styleshift.audio.naming import output_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.library.journal import FOLDER, LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan, Stores, TrackJob, chosen, output_names
from styleshift.conversion.library.store_journal import StoreJournal
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.progress import Reporter
from styleshift.remote import Store, is_remote
from styleshift.remote.store import StoreError, place_of
from styleshift.system.hashing import FileStamp
from styleshift.system.scratch import Scratch


def plan_stores(source: str | Path, target_domain: str, settings: ConvertSettings) -> LibraryPlan:
    """As :func:`styleshift.conversion.library.plan.plan_library`, where one side at least is an address.

    Args:
        source: folder, or address of one.
        target_domain: see there.
        settings: see there.

    Raises:
        UsageError: the output would lie in the source or around it, an address holds a password, or times of
            files are to be kept.
        NothingToDoError: no recording.
        StyleshiftError: a store cannot be used.
    """
    if settings.keep_times:
        raise UsageError("a store gives every file the time at which it came", "leave `keep_times` out")
    origin = Store(str(source)) if is_remote(source) else None
    base = origin.address if origin is not None else str(source)
    output = str(settings.output) if settings.output is not None else f"{base}-{file_name(target_domain)}"
    target = Store(output) if is_remote(output) else None
    outside = target.address if target is not None else output
    sides = ((origin, base), (target, outside))
    places = [store.place if store is not None else place_of(path) for store, path in sides]
    if os.path.commonpath(places) in places:
        raise UsageError(f"the output {outside} and the source {base} are not apart", "use another `output`")
    stamps: dict[str, FileStamp] = {}
    files: dict[str, Path] = {}
    if origin is not None:
        stamps = origin.listed()
        names, skipped = names_of_audio(stamps)
    else:
        folder = Path(source)
        if not folder.is_dir():
            raise NothingToDoError(f"{folder} is no folder", "name a folder of recordings, or its address")
        found = find_audio(folder)
        names, skipped = found.names(), found.skipped
        files = dict(zip(names, found.files, strict=True))
    wanted = None if settings.audio_format == "same" else output_format(settings.audio_format).extension
    ends = {
        name: wanted or (output_extension(files[name]) if files else same_extension(name)) for name in names
    }
    targets = output_names(names, ends)
    there: set[str] = set()
    if target is not None:
        there = {name for name in target.listed() if not name.startswith(f"{FOLDER}/")}
        kept = Scratch()
        here = Path(kept.path, file_name(PurePosixPath(outside).name))
        journal: LibraryJournal = StoreJournal(here, target, settings.part)
        journal.load()
    else:
        kept, here = None, Path(output)
        journal = LibraryJournal.peek(here, settings.part)
    jobs = tuple(
        TrackJob(
            name,
            files.get(name) or Path(name),
            here / targets[name],
            settings.audio_format,
            f"{base}/{name}" if origin is not None else "",
            f"{outside}/{targets[name]}" if target is not None else "",
        )
        for name in chosen(names, settings, base)
    )
    stores = Stores(outside if target is not None else "", stamps, there, kept)
    return LibraryPlan(Path(base), here, jobs, skipped, False, journal, stores)


def send_reports(plan: LibraryPlan, report: Path, reporter: Reporter) -> None:
    """Put the reports where the outputs are, if that is a store."""
    if plan.stores is None or not plan.stores.output:
        return
    try:
        store = Store(plan.stores.output)
        for path in (report, report.with_suffix(".html")):
            store.send(path, path.name)
    except StoreError as error:
        reporter.warn(f"no report could be written to {plan.place}: {error.strerror}")
