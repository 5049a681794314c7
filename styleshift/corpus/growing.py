"""An array on disk that grows while it is written, and appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import io
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from styleshift.arrays import Float16Array
from styleshift.system.files import remove_partial_files

TEMPORARY_SUFFIX = ".growing"
# A multiple of 64, as the format wants it, with room for any length.
HEADER_BYTES = 128
_DTYPE = np.dtype(np.float16)


def npy_header(frames: int, bins: int) -> bytes:
    """A .npy header (format 1.0, C order) of exactly ``HEADER_BYTES`` bytes, whatever the shape."""
    text = f"{{'descr': {_DTYPE.str!r}, 'fortran_order': False, 'shape': {(1, frames, bins)!r}, }}"
    room = HEADER_BYTES - 10
    assert len(text) < room, "an array of that shape does not fit on any disk"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", room) + text.ljust(room - 1).encode("ascii") + b"\n"


class NotStoredError(OSError):
    """An array cannot be written; ``strerror`` has the operating system's words."""


@contextlib.contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotStoredError(error.errno, error.strerror or str(error)) from error


class GrowingArray:
    """Writes ``[1, frames, bins]`` float16 to a .npy file, frames by frames.

    Args:
        path: the final name.
        bins: length of the last axis.

    A context manager: whatever is not finished when it is left is removed.
    """

    def __init__(self, path: Path, bins: int) -> None:
        self.path = path
        self.frames = 0
        self._bins = bins
        self._temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
        with _storing():
            self._file = io.FileIO(self._temporary, "w")
        self._write(npy_header(0, bins))

    def append(self, rows: Float16Array) -> None:
        """Add ``[1, n, bins]``.

        Raises:
            NotStoredError: the disk is full.
        """
        assert rows.shape == (1, rows.shape[1], self._bins)
        assert rows.dtype == _DTYPE
        if rows.shape[1]:
            self._write(np.ascontiguousarray(rows).data.cast("B"))
            self.frames += rows.shape[1]

    def finish(self) -> None:
        """Put the true length into the header and give the file its name.

        Its bytes may still be on their way to the disk: whoever relies on them calls
        :func:`styleshift.system.files.flush_to_disk` first. Waiting for the disk here would stop the
        computing of what comes next.
        """
        with _storing():
            self._file.seek(0)
            self._write(npy_header(self.frames, self._bins))
            self._file.close()
            self._temporary.replace(self.path)

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        with _storing():
            while len(view):
                view = view[self._file.write(view) or 0 :]

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._file.closed:
            self._file.close()
            self._temporary.unlink(missing_ok=True)


def stored_bytes(frames: int, bins: int) -> int:
    """The size of a whole file."""
    return HEADER_BYTES + frames * bins * _DTYPE.itemsize


def remove_unfinished(folder: Path) -> None:
    """Remove what killed writers left in a folder."""
    remove_partial_files(folder)
    for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        path.unlink(missing_ok=True)
