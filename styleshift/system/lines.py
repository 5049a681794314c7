"""A file of JSON lines that grows by whole lines, whatever was killed or full before."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def plain(value: object) -> Any:
    """``default`` of :func:`json.dumps`: paths as text, single numbers of NumPy and torch as numbers.

    Raises:
        TypeError: for anything else, which would only be a text that says what it was.
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if callable(item := getattr(value, "item", None)):
        return item()
    raise TypeError(f"{type(value).__name__} {value!r} has no place in JSON")


class JsonLines:
    """Appends to a file; a context manager.

    A line that a kill, or a full disk, cut short stays alone: the next one begins on a line of its own.

    Args:
        path: of the file; it is made.
        sync: wait at each line until it is on the disk. Without it a line survives a kill of the process, but
            not always a power failure, until :meth:`sync`.

    Raises:
        OSError: it cannot be opened; of :meth:`append` and :meth:`sync`, it cannot be written, as on a full
            disk.
    """

    def __init__(self, path: Path, *, sync: bool) -> None:
        self._file = io.FileIO(path, "a+")
        self._sync = sync
        self._whole = False  # not known yet

    def append(self, values: Mapping[str, Any]) -> None:
        """One line; raises TypeError for what has no place in JSON."""
        # Names that are not UTF-8 are escaped as lone surrogates, and come back as they were.
        self.write(json.dumps(values, default=plain).encode("ascii") + b"\n")

    def write(self, line: bytes) -> None:
        """One line, as it is."""
        left = memoryview(line if self._whole or self._ends_whole() else b"\n" + line)
        self._whole = False
        while left:
            left = left[self._file.write(left) or 0 :]
        self._whole = True
        if self._sync:
            self.sync()

    def sync(self) -> None:
        """Wait until all lines are on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _ends_whole(self) -> bool:
        if not self._file.seek(0, os.SEEK_END):
            return True
        self._file.seek(-1, os.SEEK_END)
        return self._file.read(1) == b"\n"

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
