"""The folders that the studio may look into: the workspace, and those that the user named."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from styleshift.audio.formats import AUDIO_EXTENSIONS
from styleshift.errors import NothingToDoError, StyleshiftError, UsageError
from styleshift.system.files import write_json


class ForbiddenError(StyleshiftError):
    """What was asked for is not the page's to have."""


class Folders:
    """Keeps every path below a folder that was named.

    Args:
        file: where those that are named in the page are written down.
        fixed: the workspace, and those named on the command line.
        open: the page may name more.
    """

    def __init__(self, file: Path, fixed: Iterable[Path], *, open: bool = True) -> None:
        self._file = file
        self._fixed = tuple(path.resolve() for path in fixed)
        self._open = open

    @property
    def named(self) -> list[Path]:
        """All of them, the workspace first."""
        more = [Path(text) for text in self._written()] if self._open else []
        return list(dict.fromkeys([*self._fixed, *more]))

    def add(self, text: str) -> Path:
        """Name one more.

        Raises:
            ForbiddenError: only the command line may name folders.
            NothingToDoError: there is no such folder.
            UsageError: it is everything there is.
        """
        path = whole_path(text).resolve()
        if self.holds(path) and path.is_dir():
            return path
        self._may_name()
        if path.parent == path:
            raise UsageError(f"{path} is everything on this machine", "name the folder of the recordings")
        if not path.is_dir():
            raise NothingToDoError(f"there is no folder {path}", "check the path")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._file, [*self._written(), str(path)])
        return path

    def check_makeable(self, path: Path) -> None:
        """Look whether a folder may be made there, as far as that is known without making it.

        Raises:
            ForbiddenError: only the command line may name folders.
            UsageError: it is a file, or nothing can be there.
        """
        try:
            if not self.holds(path.resolve()):
                self._may_name()
            is_file = path.is_file()
        except OSError as error:
            raise _cannot_write(path, error) from error
        if is_file:
            raise UsageError(f"the output {path} is a file; the source is a folder", "name a folder")

    def make(self, path: Path) -> None:
        """Make a folder and name it, so that what comes into it is heard here; raises StyleshiftError.

        Where it will be heard anyhow, nothing is made: a conversion may yet refuse to write there.
        """
        self.check_makeable(path)
        if self.holds(path.resolve()):
            return
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(path, error) from error
        self.add(str(path))

    def _may_name(self) -> None:
        if not self._open:
            raise ForbiddenError(
                "other machines can reach this studio, so a page cannot name more folders",
                "name them on the command line: styleshift studio FOLDER",
            )

    def holds(self, path: Path) -> bool:
        """Whether a resolved path lies in, or is, one of them."""
        return any(path == root or root in path.parents for root in self.named)

    def inside(self, path: Path) -> Path:
        """The path with all links followed.

        Raises:
            ForbiddenError: it leads out of all named folders.
            NothingToDoError: nothing is there.
        """
        try:
            whole = path.resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            if not self.holds(Path(os.path.abspath(path) if b"\0" not in os.fsencode(path) else "/")):  # noqa: PTH100
                raise _out_of_all(path) from error
            raise NothingToDoError(
                f"{path} is not there", "it was moved or deleted: reload the page"
            ) from error
        if not self.holds(whole):
            raise _out_of_all(path)
        return whole

    def recording(self, path: Path) -> Path:
        """As :meth:`inside`, for a file that is called as recordings are."""
        whole = self.inside(path)
        if whole.suffix.lower() not in AUDIO_EXTENSIONS or not whole.is_file():
            raise ForbiddenError(f"{path} is no recording", "choose an audio file")
        return whole

    def browse(self, path: Path) -> dict[str, Any]:
        """The sub-folders and recordings of a folder, by name."""
        whole = self.inside(path)
        try:
            with os.scandir(whole) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            raise UsageError(
                f"{path} cannot be listed: {error.strerror or error}",
                "let yourself read it, or choose another folder",
            ) from error
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        return {
            "path": str(path),
            "folders": [place(path / entry.name) for entry in seen if entry.is_dir()],
            "recordings": [
                place(path / entry.name)
                for entry in seen
                if Path(entry.name).suffix.lower() in AUDIO_EXTENSIONS and entry.is_file()
            ],
        }

    def _written(self) -> list[str]:
        try:
            return [str(text) for text in json.loads(self._file.read_text("utf-8"))]
        except (OSError, ValueError, TypeError):
            return []


def whole_path(text: str) -> Path:
    """What a person typed, as a path from the root; raises UsageError."""
    wrong = UsageError(f"{text!r} is not the whole path of a folder", "it begins with /")
    try:
        path = Path(text).expanduser()
        os.fsencode(path)
    except (RuntimeError, ValueError) as error:  # nobody is called so; no letters of any file
        raise wrong from error
    if not text.strip() or "\0" in text or not path.is_absolute():
        raise wrong
    return path


def place(path: Path) -> dict[str, str]:
    """A path as the page has it: its name, and an address that holds any bytes."""
    return {"name": path.name, "at": address(path)}


def address(path: Path | str) -> str:
    """A path for a query: by bytes, so that names that are no UTF-8 come back as they were."""
    return quote(os.fsencode(path), safe="")


def _cannot_write(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write to {path}: {error.strerror or error}", "name another folder")


def _out_of_all(path: Path) -> ForbiddenError:
    return ForbiddenError(
        f"{path} is in no folder that was named here", "name it, or a folder above it, first"
    )


def path_at(address: str | bytes) -> Path:
    """The path again."""
    return Path(os.fsdecode(unquote_to_bytes(address)))


def paths_in(query: bytes, key: str) -> list[Path]:
    """The paths of a query's parameters of one name."""
    pairs = (part.partition(b"=") for part in query.split(b"&"))
    return [path_at(value) for name, _, value in pairs if name == key.encode()]


def from_query(query: bytes, key: str) -> Path:
    """The first of them; raises UsageError where there is none."""
    for path in paths_in(query, key):
        return path
    raise UsageError(f"the address has no {key!r}", "reload the page")
