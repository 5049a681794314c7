"""Folders for what is on its way, which go with the process that made them, even where it was killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

from styleshift.system.lock import one_at_a_time

_PREFIX = "styleshift-run-"
_CLAIM = ".bytes"


class Scratch:
    """A folder that is removed at the end of a ``with`` block, or with the object.

    Its maker holds a lock on it, which the system lets go of when that process dies; whoever makes the next
    one then removes it.

    Args:
        base: where to make it; None where temporary files go (``TMPDIR``).

    Attributes:
        path: the folder.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, base: Path | None = None) -> None:
        self._base = base or Path(tempfile.gettempdir())
        self._others()
        # Nobody looks at it under this name, before it is locked.
        new = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=self._base))
        held = os.open(new, os.O_RDONLY | os.O_CLOEXEC)
        with suppress(OSError):  # a file system without locks: nobody can lock it later, or remove it
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.path = new.rename(new.with_name(f"{_PREFIX}{os.getuid()}-{secrets.token_hex(6)}"))
        self._remove = weakref.finalize(self, _remove, self.path, held)

    def reserve(self, size: int, limit: int) -> bool:
        """Say how many bytes will lie here, unless with those of all other such folders they are too many.

        What is larger than the limit has a place where there is nothing else.

        Args:
            size: bytes, in place of what was said before.
            limit: bytes of all folders of this user on this machine.

        Returns:
            Whether there is room; if not, ask again later.

        Raises:
            OSError: the folder is gone, or the disk is full.
        """
        with one_at_a_time(self._base / f"{_PREFIX}{os.getuid()}.lock"):
            others = sum(_claim(folder) for folder in self._others())
            if others and others + size > limit:
                return False
            (self.path / _CLAIM).write_text(str(size))
            return True

    def close(self) -> None:
        """Remove the folder."""
        self._remove()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _others(self) -> list[Path]:
        """The folders of others that live; of the others this removes what can be removed."""
        alive = []
        for folder in self._base.glob(f"{_PREFIX}{os.getuid()}-*"):
            if folder == getattr(self, "path", None):
                continue
            try:
                file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:  # it has just gone
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alive.append(folder)
                os.close(file)
            except OSError:  # no locks here: nobody can tell, and what a killed run said would count for ever
                os.close(file)
            else:
                _remove(folder, file)
        return alive


def _remove(folder: Path, held: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(held)  # lets go of the lock


def _claim(folder: Path) -> int:
    try:
        return int((folder / _CLAIM).read_text() or 0)
    except (OSError, ValueError):
        return 0
