"""Copies of recordings on this machine, of which all its workers together hold only so many bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from styleshift.remote.store import Store
from styleshift.system.hashing import FileStamp
from styleshift.system.scratch import Scratch
from styleshift.workspace import setting

_POLL_SECONDS = 0.2


def fetch_into(scratch: Scratch, path: Path, folder: str, name: str, report: Callable[[], None]) -> FileStamp:
    """Bring a file here, once the setting ``fetched_gb`` leaves room for it.

    Args:
        scratch: holds the copy, and has no other.
        path: of the copy, in a folder of ``scratch`` that is there.
        folder: address that ``name`` is below.
        name: of the file.
        report: called while it waits and while bytes come.

    Raises:
        StoreError: see :meth:`Store.fetch`.
        StyleshiftError: see :class:`Store`.
    """
    limit = int(setting("fetched_gb")) << 30

    def make_room(size: int) -> None:
        while not scratch.reserve(size, limit):
            report()
            time.sleep(_POLL_SECONDS)

    return Store(folder).fetch(name, path, report, make_room)
