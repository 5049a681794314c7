"""The plan of one recording, here or in a store."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path, PurePosixPath

from styleshift.audio.formats import format_of, output_format, same_extension
from styleshift.audio.naming import fitting, output_extension
from styleshift.bundle.names import file_name
from styleshift.conversion.library.plan import LibraryPlan, about, wanted_extension
from styleshift.conversion.library.store_journal import peek_journal
from styleshift.conversion.library.tracks import Track, Tracks
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import UsageError
from styleshift.remote import Store, is_remote
from styleshift.remote.store import place_of
from styleshift.system.hashing import FileStamp


def plan_file(
    source: str | Path, target_domain: str, settings: ConvertSettings, stamp: FileStamp
) -> LibraryPlan:
    """As :func:`styleshift.conversion.library.planning.plan_library`, of one recording.

    Args:
        source: the recording, or its address.
        target_domain: see there.
        settings: see there.
        stamp: of the source.

    Raises:
        UsageError: the output would be the source; its format is unknown, or another than its name says.
    """
    fetch, _, name = str(source).rpartition("/") if is_remote(source) else ("", "", Path(source).name)
    held = same_extension(name) if fetch else output_extension(Path(source))
    named = PurePosixPath(name)
    default = fitting(f"{named.stem}-{file_name(target_domain)}{wanted_extension(settings) or held}")
    folder, target = _target(source, fetch, settings.output, default)
    written = format_for_file(Path(target), settings.audio_format, (same_extension(name), held))
    if _place(fetch or Path(source).parent, name) == _place(folder, target):
        raise UsageError(f"{settings.output} is the source itself", "use another `output`")
    send = folder if isinstance(folder, str) else ""
    store = Store(send) if send else None
    there = None if store is None else store.file(target) is not None
    journal = peek_journal(store or Path(folder))
    tracks = Tracks(journal.table)
    tracks.add("", [Track(0, name, target, astuple(stamp), there, *about(stamp.size, name, target))])
    return LibraryPlan(Path(source), journal, tracks, written, True, fetch, send)


def _target(
    source: str | Path, fetch: str, output: str | Path | None, default: str
) -> tuple[str | Path, str]:
    """The folder of the output, or its address, and the output's name."""
    if output is None:
        return fetch or Path(source).parent, default
    if isinstance(output, str) and is_remote(output):
        folder, _, last = output.rstrip("/").rpartition("/")
        one = PurePosixPath(last).suffix and not folder.endswith(":/")  # else it is a bucket
        return (folder, last) if one else (output.rstrip("/"), default)
    path = Path(output)
    return (path, default) if path.is_dir() or not path.suffix else (path.parent, path.name)


def _place(folder: str | Path, name: str) -> str:
    """One text for all names of a file."""
    return f"{Store(folder).place}/{name}" if isinstance(folder, str) else place_of(folder / name)


def format_for_file(target: Path, audio_format: str, own: tuple[str, ...]) -> str:
    """What one recording is written as: what was asked for, else what the output's extension says.

    Args:
        target: the output.
        audio_format: ``same`` or a format's name.
        own: extensions under which the source's format stays: that of its name, and of what it holds.

    Returns:
        A format's name, or ``same``: what the source holds.

    Raises:
        UsageError: there is no such format, or it is another than the output's extension says.
    """
    extension = target.suffix.lower()
    if audio_format == "same":
        if extension in ("", *map(str.lower, own)):
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
