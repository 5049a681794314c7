"""One writer at a time: a lock file that the operating system lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from styleshift.errors import LockedError


class Lock:
    """Holds ``path`` for as long as the ``with`` block lasts.

    Args:
        path: the lock file; made if it is not there, and left there, empty of meaning.
        what: what is locked, for the message.
        hint: what to try where another process holds it.
        shared: hold it together with others who share it, and keep out only who does not.

    Raises:
        LockedError: on entering, where another process holds it.
        OSError: on entering, where the file cannot be made, or its file system has no locks.
    """

    def __init__(
        self, path: Path, what: str, hint: str = "wait until it has ended", *, shared: bool = False
    ) -> None:
        self._path = path
        self._what = what
        self._hint = hint
        self._shared = shared
        self._file: int | None = None

    def __enter__(self) -> Lock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if self._shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            raise LockedError(
                f"another styleshift (process {holder}) is working on {self._what}",
                self._hint,
            ) from None
        except OSError:
            os.close(file)
            raise
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)  # lets go of the lock
            self._file = None


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other process of this user is in such a block; where there are no locks, nobody waits.

    Args:
        path: the lock file; made if it is not there, and left there.

    Raises:
        OSError: the file cannot be made, or is a link.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)  # lets go of it


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file ``path``; false where there is none.

    Asking shares the lock for a moment: not for locks that somebody may be about to take.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    finally:
        os.close(file)  # lets go of it
    return False
