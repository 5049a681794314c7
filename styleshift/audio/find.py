"""Finds the recordings below a folder, once, in a stable order, losing none of their names.

Names are ``str`` with undecodable bytes as lone surrogates (``os.fsdecode``), so that any name the file
system holds can be opened again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from styleshift.audio.formats import AUDIO_EXTENSIONS, UNREADABLE
from styleshift.audio.identify import HEAD_BYTES, told_by
from styleshift.system.hashing import stamp_of_status

APPLE_DOUBLE_MAGIC = b"\x00\x05\x16\x07"

Stamp: TypeAlias = tuple[int, int, int, int]
"""The fields of a :class:`styleshift.system.hashing.FileStamp`."""

SkipKind = Literal[
    "hidden", "not audio", "resource fork", "folder", "loop", "unreadable", "dead link", "special"
]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something below the folder that is no recording.

    Attributes:
        name: POSIX path relative to the folder.
        kind: a short word.
        message: one plain line.
        notable: a person should hear of it without asking (all but hidden files and other files' types).
    """

    name: str
    kind: SkipKind
    message: str
    notable: bool


@dataclass(slots=True)
class Folder:
    """What lies directly in one folder of a walk.

    Attributes:
        name: what the names of all in it begin with: empty, or a POSIX path relative to the root and a slash.
        files: by name relative to the root, the fields of :class:`styleshift.system.hashing.FileStamp`;
            sorted.
        folders: to be walked next, sorted; names like this one's.
        skipped: everything else.
        identity: of the folder on its file system; None: it has none.
        twins: the folders, in the order of the walk and this one among them, whose names differ in nothing
            but case; empty: this one is alone.
    """

    name: str
    files: dict[str, Stamp] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    identity: int | None = None
    twins: list[Folder] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """What :func:`find_audio` found.

    Attributes:
        files: paths below the root, sorted folder by folder.
        skipped: everything else, in the order it was met.
    """

    root: Path
    files: tuple[Path, ...]
    skipped: tuple[Skipped, ...]

    def names(self) -> list[str]:
        """POSIX paths relative to the root, in the order of ``files``."""
        start = len(str(self.root / "_")) - 1  # Path.relative_to() is slow, a million times
        return [str(file)[start:] for file in self.files]


def find_audio(root: Path, *, extensions: frozenset[str] = AUDIO_EXTENSIONS) -> Found:
    """Walk a folder once.

    Links are followed; a folder that was met already (a symlink loop, or the same folder linked twice) is
    not walked again. A link to a file counts as a file of its own.

    Args:
        root: the folder.
        extensions: lower-case, with the dot; case does not matter. What a file *is*, is judged when it is
            opened; of one that has no extension, now and by its first bytes.

    Returns:
        Files and what was skipped, both in an order that does not depend on the file system.
    """
    files: list[Path] = []
    skipped: list[Skipped] = []
    for folder in walk_folders(lambda name: list_audio(root, name, extensions=extensions)):
        files.extend(root / name for name in folder.files)
        skipped.extend(folder.skipped)
    return Found(root, tuple(files), tuple(skipped))


def walk_folders(
    listing: Callable[[str], Folder], expect: Callable[[Sequence[str]], None] = lambda names: None
) -> Iterator[Folder]:
    """Walk folders from the one that is named by nothing.

    Args:
        listing: of a folder, by its name.
        expect: told which folders are to come, the next one last; for who lists them ahead.
    """
    seen: dict[int, str] = {}  # under which name a folder was walked
    # A stack instead of recursion: a tree may be deeper than Python's stack.
    stack: list[str] = [""]
    twins: dict[str, list[str]] = {}  # those of a folder on the stack; few have any
    while stack:
        expect(stack)
        folder = listing(stack.pop())
        if folder.identity is not None:
            if folder.identity in seen:
                what = "a link to a folder that was walked already"
                yield Folder(folder.name, skipped=[Skipped(folder.name[:-1] or ".", "loop", what, True)])
                continue
            seen[folder.identity] = folder.name
        for name in twins.pop(folder.name, ()):
            twin = folder if name == folder.name else listing(name)
            # One that was walked under another name is not walked again, and has no outputs.
            if twin.identity is None or seen.get(twin.identity, name) == name:
                folder.twins.append(twin)
        below: dict[str, list[str]] = {}
        for each in folder.twins or (folder,):
            for name in each.folders:
                below.setdefault(name.casefold(), []).append(name)
        if len(below) < sum(map(len, below.values())):
            twins.update(
                (name, below[key]) for name in folder.folders if len(below[key := name.casefold()]) > 1
            )
        yield folder
        stack.extend(reversed(folder.folders))


def list_stored(name: str, files: Mapping[str, Stamp], folders: Iterable[str]) -> Folder:
    """As :func:`list_audio`, of what a store says, where names alone are looked at.

    Args:
        name: of the folder.
        files: in it.
        folders: in it; names without a slash behind them, but for a folder whose own name is empty.
    """
    names, skipped = names_of_audio(files)
    found = Folder(name, {each: files[each] for each in names}, skipped=[*skipped])
    for each in sorted(folders):
        last = each[len(name) :]
        if last in ("", "..") or "::" in last:
            found.skipped.append(_elsewhere(each))
        elif not last.startswith("."):
            found.folders.append(f"{each}/")
    return found


def names_of_audio(names: Iterable[str]) -> tuple[list[str], tuple[Skipped, ...]]:
    """As :func:`find_audio`, of what a store lists: names of recordings in the order of a walk, and the rest.

    Args:
        names: POSIX paths, of files only, in any order.
    """
    found, skipped = [], []
    for name in sorted(names, key=_walked):
        path = PurePosixPath(name)
        parts = name.split("/")
        if any(part.startswith(".") and part != ".." for part in parts):
            continue
        if "" in parts or ".." in parts or "::" in name:
            skipped.append(_elsewhere(name))
        elif path.suffix.lower() in AUDIO_EXTENSIONS:
            found.append(name)
        elif path.suffix:
            skipped.append(_not_audio(name))
        else:
            why = "it has no extension, and of a store only names are looked at"
            skipped.append(Skipped(name, "not audio", why, False))
    return found, tuple(skipped)


def _walked(name: str) -> list[tuple[bool, str]]:
    """Sorts the files of a folder before its folders."""
    *folders, last = name.split("/")
    return [*((True, folder) for folder in folders), (False, last)]


def _elsewhere(name: str) -> Skipped:
    message = "its name has an empty part, `..` or `::`, which no path and address share"
    return Skipped(name, "special", message, True)


def _not_audio(name: str) -> Skipped:
    why = UNREADABLE.get(PurePosixPath(name).suffix.lower(), "")
    return Skipped(name, "not audio", why or "not a kind of audio file that is known", bool(why))


def list_audio(
    root: Path,
    name: str,
    *,
    extensions: frozenset[str] = AUDIO_EXTENSIONS,
    exclude: Callable[[Path], bool] | None = None,
) -> Folder:
    """One folder of :func:`find_audio`, by its name.

    Args:
        root: where the walk begins.
        name: as :class:`Folder` has it.
        extensions: as :func:`find_audio` takes them.
        exclude: folders for which this is true are passed over in silence (an output folder, say).
    """
    found = Folder(name)

    def skip(below: str, kind: SkipKind, message: str, notable: bool = True) -> None:
        found.skipped.append(Skipped(below, kind, message, notable))

    try:
        status = os.stat(root / name)  # noqa: PTH116 - paths as text: a library may have a million
        found.identity = status.st_dev << 64 | status.st_ino
        with os.scandir(root / name) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        skip(name[:-1] or ".", "unreadable", f"cannot be listed: {error.strerror or error}")
        return found
    for entry in entries:
        below = name + entry.name
        try:
            is_folder = entry.is_dir()
            status = entry.stat()
        except OSError as error:
            if entry.is_symlink():
                skip(below, "dead link", f"a link to nowhere: {error.strerror or error}")
            else:  # of a folder that may be listed and no more
                skip(below, "unreadable", f"cannot be looked at: {error.strerror or error}")
            continue
        # As pathlib has it, which is slow a million times.
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
        audio_name = suffix in extensions
        regular = stat.S_ISREG(status.st_mode)  # a pipe would block
        if entry.name.startswith("._") and regular and _is_resource_fork(entry.path):
            skip(below, "resource fork", "a macOS resource fork (AppleDouble), no recording", audio_name)
        elif entry.name.startswith("."):
            # Two dots are no habit of any program: somebody's own name, who should hear of it.
            notable = audio_name or entry.name.startswith("..")
            skip(below, "hidden", "hidden: its name begins with a dot", notable)
        elif is_folder:
            if audio_name:
                skip(below, "folder", "a folder with a recording's name; looked into")
            if exclude is None or not exclude(root / below):
                found.folders.append(below + "/")
        elif not audio_name and (suffix or not regular or not _sounds(entry.path, extensions)):
            found.skipped.append(_not_audio(below))
        elif not regular:
            skip(below, "special", "no regular file (a pipe, socket or device)")
        else:
            found.files[below] = stamp_of_status(status)
    return found


def _is_resource_fork(path: str) -> bool:
    return _head(path, 4) == APPLE_DOUBLE_MAGIC


def _sounds(path: str, extensions: frozenset[str]) -> bool:
    """Whether a file without an extension is a recording of a kind that has one of these."""
    row = told_by(_head(path, HEAD_BYTES))
    return row is not None and not extensions.isdisjoint(row.extensions)


def _head(path: str, count: int) -> bytes:
    """A file's first bytes; none, where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - of a million files, few bytes each
            return file.read(count) or b""
    except OSError:
        return b""
