"""Finds the recordings below a folder, once, in a stable order, losing none of their names.

Names are ``str`` with undecodable bytes as lone surrogates (``os.fsdecode``), so that any name the file
system holds can be opened again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from styleshift.audio.formats import AUDIO_EXTENSIONS, UNREADABLE

APPLE_DOUBLE_MAGIC = b"\x00\x05\x16\x07"

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


def find_audio(
    root: Path,
    *,
    hidden: bool = False,
    extensions: frozenset[str] = AUDIO_EXTENSIONS,
    exclude: Callable[[Path], bool] | None = None,
) -> Found:
    """Walk a folder once.

    Links are followed; a folder that was met already (a symlink loop, or the same folder linked twice) is
    not walked again. A link to a file counts as a file of its own.

    Args:
        root: the folder.
        hidden: also take names that begin with a dot (never AppleDouble resource forks, ``._name``).
        extensions: lower-case, with the dot; case does not matter. What a file *is*, is judged when it is
            opened.
        exclude: folders for which this is true are passed over in silence (an output folder, say).

    Returns:
        Files and what was skipped, both in an order that does not depend on the file system.
    """
    files: list[Path] = []
    skipped: list[Skipped] = []
    for path, problem in _walk(root, hidden, extensions, exclude):
        if problem is None:
            files.append(path)
        else:
            skipped.append(problem)
    return Found(root, tuple(files), tuple(skipped))


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
            message = "its name has an empty part, `..` or `::`, which no path and address share"
            skipped.append(Skipped(name, "special", message, True))
        elif path.suffix.lower() in AUDIO_EXTENSIONS:
            found.append(name)
        else:
            skipped.append(_not_audio(name))
    return found, tuple(skipped)


def _walked(name: str) -> list[tuple[bool, str]]:
    """Sorts the files of a folder before its folders."""
    *folders, last = name.split("/")
    return [*((True, folder) for folder in folders), (False, last)]


def _not_audio(name: str) -> Skipped:
    why = UNREADABLE.get(PurePosixPath(name).suffix.lower(), "")
    return Skipped(name, "not audio", why or "not a kind of audio file that is known", bool(why))


def _walk(
    root: Path, hidden: bool, extensions: frozenset[str], exclude: Callable[[Path], bool] | None
) -> Iterator[tuple[Path, Skipped | None]]:
    seen: set[tuple[int, int]] = set()
    # A stack instead of recursion: a tree may be deeper than Python's stack.
    stack = [root]
    while stack:
        folder = stack.pop()
        try:
            status = folder.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in seen:
                yield folder, _skip(root, folder, "loop", "a link to a folder that was walked already")
                continue
            seen.add(identity)
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            yield folder, _skip(root, folder, "unreadable", f"cannot be listed: {error.strerror or error}")
            continue
        below: list[Path] = []
        for entry in entries:
            path = folder / entry.name
            try:
                is_folder = entry.is_dir()
                mode = 0 if is_folder else entry.stat().st_mode
            except OSError as error:
                if entry.is_symlink():
                    what = f"a link to nowhere: {error.strerror or error}"
                    yield path, _skip(root, path, "dead link", what)
                else:  # of a folder that may be listed and no more
                    what = f"cannot be looked at: {error.strerror or error}"
                    yield path, _skip(root, path, "unreadable", what)
                continue
            audio_name = path.suffix.lower() in extensions
            if entry.name.startswith("._") and not is_folder:
                fork = _is_resource_fork(path)
                if fork or not hidden:
                    what = "a macOS resource fork (AppleDouble), no recording" if fork else "hidden"
                    yield path, _skip(root, path, "resource fork" if fork else "hidden", what, audio_name)
                    continue
            if entry.name.startswith(".") and not hidden:
                # Two dots are no habit of any program: somebody's own name, who should hear of it.
                notable = audio_name or entry.name.startswith("..")
                yield path, _skip(root, path, "hidden", "hidden: its name begins with a dot", notable)
            elif is_folder:
                if audio_name:
                    yield path, _skip(root, path, "folder", "a folder with a recording's name; looked into")
                if exclude is None or not exclude(path):
                    below.append(path)
            elif not audio_name:
                yield path, _not_audio(path.relative_to(root).as_posix())
            elif not stat.S_ISREG(mode):
                yield path, _skip(root, path, "special", "no regular file (a pipe, socket or device)")
            else:
                yield path, None
        stack.extend(reversed(below))


def _skip(root: Path, path: Path, kind: SkipKind, message: str, notable: bool = True) -> Skipped:
    return Skipped(path.relative_to(root).as_posix(), kind, message, notable)


def _is_resource_fork(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == APPLE_DOUBLE_MAGIC
    except OSError:
        return False
