"""One writer at a time: a lock file that the operating system lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from styleshift.errors import LockedError


@contextmanager
def file_lock(
    path: Path, what: str, hint: str = "wait until it has ended", *, shared: bool = False
) -> Iterator[None]:
    """Hold ``path`` for as long as the ``with`` block lasts.

    Args:
        path: the lock file; made if it is not there, and left there, empty of meaning.
        what: what is locked, for the message.
        hint: what to try where another process holds it.
        shared: hold it together with others who share it, and keep out only who does not.

    Raises:
        LockedError: on entering, where another process holds it.
        OSError: on entering, where the file cannot be made, or its file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode("ascii", "replace").strip() or "unknown"
            raise LockedError(f"another styleshift (process {holder}) is working on {what}", hint) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)  # lets go of the lock


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
