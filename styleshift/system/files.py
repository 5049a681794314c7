"""Files that appear under their name only when they are whole, and stay there through a power failure."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_SUFFIX = ".part"
# Of a long name, so that the temporary one is not too long for the file system.
_KEPT_BYTES = 100
_BLOCK_BYTES = 1 << 20


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends without an error.

    The block writes to the path it is given, by any means. At its end the bytes are flushed to the disk, the
    file is renamed, and the rename is flushed. So there is always the old or the new file, whole. After an
    error only the old one is left; a process that is killed may leave the temporary file, which
    :func:`remove_partial_files` takes away.

    Raises:
        OSError: the folder cannot be written to (before the block), or the disk is full.
    """
    start = os.fsdecode(os.fsencode(path.name)[:_KEPT_BYTES])
    partial = path.with_name(f".{start}.{secrets.token_hex(4)}{_SUFFIX}")
    partial.open("xb").close()
    try:
        yield partial
        flush_to_disk(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not every system can
        flush_to_disk(path.parent)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """As :func:`atomic_path`, with the temporary file open for writing."""
    with atomic_path(path) as partial, partial.open("wb") as file:
        yield file


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text in one step; raises OSError."""
    with atomic_file(path) as file:
        file.write(text.encode("utf-8"))


def write_json(path: Path, values: Any) -> None:
    """Write JSON in one step; raises OSError, and TypeError where a value has no place in JSON."""
    write_text(path, json.dumps(values, indent=1))


def insert(path: Path, data: bytes, at: int = 0) -> None:
    """Put bytes into a file, moving what lies behind them block by block from its end; raises OSError."""
    with path.open("r+b") as file:
        position = file.seek(0, os.SEEK_END)
        while position > at:
            start = max(at, position - _BLOCK_BYTES)
            file.seek(start)
            block = file.read(position - start)
            file.seek(start + len(data))
            file.write(block)
            position = start
        file.seek(at)
        file.write(data)


def flush_to_disk(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on the disk; raises OSError."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove_partial_files(folder: Path, start: str = "") -> None:
    """Remove what killed writers left of files named so, in a folder in which nobody else writes them now."""
    for path in folder.glob(f".{glob.escape(start)}*{_SUFFIX}"):
        path.unlink(missing_ok=True)
