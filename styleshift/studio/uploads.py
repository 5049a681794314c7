"""Files that the page sends: bounded in size and number, and there only when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from styleshift.errors import StyleshiftError, UsageError
from styleshift.system.files import atomic_file

MOST_BYTES = 1 << 30
MOST_FILES = 5000
"""In one folder."""
_FREE_BYTES = 500 << 20
_NAME_BYTES = 240
# Extensions that a hint lists.
_MOST_NAMED = 5


class TooLargeError(StyleshiftError):
    """More than the studio takes."""


def checked_name(name: str, extensions: frozenset[str]) -> str:
    """A file name that stays in its folder.

    Raises:
        UsageError: it is a path, hidden, too long, or of a kind that is not taken here.
    """
    bad = any(ord(letter) < 32 or letter in '/\\:"<>|?*\x7f' for letter in name)
    if bad or not name or name.startswith(".") or len(name.encode("utf-8", "replace")) > _NAME_BYTES:
        raise UsageError(f"{name!r} cannot be the name of a file here", "rename it, and send it again")
    if Path(name).suffix.lower() not in extensions:
        raise UsageError(
            f"{name!r} is no kind of file that is taken here",
            f"send a file that ends in {' or '.join(sorted(extensions))}"
            if len(extensions) < _MOST_NAMED
            else "save the recording as WAV or FLAC, and send that",
        )
    return name


async def receive(
    body: AsyncIterator[bytes], length: str | None, target: Path, *, most: int = MOST_BYTES
) -> None:
    """Write a request's body to ``target``, whole or not at all.

    Args:
        body: as it comes.
        length: the header ``Content-Length``.
        target: the file; it takes the place of an older one.
        most: bytes.

    Raises:
        TooLargeError: of the file, of the folder, or for the disk.
        UsageError: it ended before its end, or the folder cannot be written to.
    """
    said = int(length) if length and length.isdecimal() else None
    if said is None:
        raise UsageError("an upload says its length first", "send the header Content-Length")
    if said > most:
        raise TooLargeError(
            f"{target.name} has {said / 1e6:.0f} MB; at most {most / 1e6:.0f} MB are taken",
            "put it into a folder, and name the folder instead",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() and sum(1 for _ in target.parent.iterdir()) >= MOST_FILES:
            raise TooLargeError(
                f"{target.parent.name} has {MOST_FILES} files already",
                "name a folder instead of sending files",
            )
        if shutil.disk_usage(target.parent).free - said < _FREE_BYTES:
            raise TooLargeError(f"the disk has no room for {target.name}", "make space, then send it again")
        with atomic_file(target) as file:
            got = 0
            async for part in body:
                got += len(part)
                if got > said:
                    break
                file.write(part)
            if got != said:
                raise UsageError(f"{target.name} did not come whole", "send it again")
    except OSError as error:
        raise UsageError(
            f"{target.name} cannot be written: {error.strerror or error}",
            f"make space, or let yourself write to {target.parent}",
        ) from error
