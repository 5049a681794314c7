"""The name of a file's content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

_BLOCK_BYTES = 1 << 20


def file_sha256(path: Path, on_block: Callable[[], None] | None = None) -> str:
    """SHA-256 of a file's bytes, hexadecimal.

    Args:
        path: of the file.
        on_block: called after each megabyte, for a large file on a slow disk takes its time.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    block = bytearray(_BLOCK_BYTES)
    view = memoryview(block)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(block):
            digest.update(view[:size])
            if on_block is not None:
                on_block()
    return digest.hexdigest()
