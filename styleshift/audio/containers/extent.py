"""What a container says about its sound, in one form for all containers."""

from __future__ import annotations

import os
from dataclasses import dataclass

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Link:
    """One recording among several that a file holds, one behind the other.

    Attributes:
        start: offset of its first byte.
        end: offset behind its last.
        frames: sample frames that it holds, with what encoders add at both ends; None: unknown.
        guessed: libsndfile has only a guess of its length and would stop there.
    """

    start: int
    end: int
    frames: int | None = None
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """What a container says.

    Attributes:
        links: the recordings in it; empty: one, which is the file.
        missing: how much of the sound lacks, as a share of all that is promised: 0 to 1.
        cut: in words, what shows that the file ends early; empty: nothing does.
        damage: in words, what is wrong inside; empty: nothing was seen.
        unread: decoders that follow the header would leave sound unread: read past what it says.
        unfinished: bytes that follow where the header says that there are none.
        notes: plain sentences on what does no harm.
        extras: what else is in the file and is no part of the sound, such as ``a video``.
    """

    links: tuple[Link, ...] = ()
    missing: float = 0.0
    cut: str = ""
    damage: str = ""
    unread: bool = False
    unfinished: int = 0
    notes: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


class Bytes:
    """A file's bytes by offset, read in large blocks.

    Not a memory map: a file that shrinks under one kills the process.

    Args:
        file: a descriptor, which is not moved.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._start = 0
        self._block = b""
        self.size = os.fstat(file).st_size

    def at(self, position: int, count: int) -> bytes:
        """``count`` bytes from an offset on; fewer at the end of the file."""
        begin = position - self._start
        if begin < 0 or begin + count > len(self._block):
            self._block = os.pread(self._file, max(count, _BLOCK_BYTES), position)
            self._start, begin = position, 0
        return self._block[begin : begin + count]

    def find(self, wanted: bytes, position: int, end: int) -> int:
        """Offset of the first ``wanted`` from an offset on, whole before ``end``; -1: none."""
        while position < end:
            block = os.pread(self._file, min(_BLOCK_BYTES, end - position), position)
            if len(block) < len(wanted):
                return -1
            found = block.find(wanted)
            if found >= 0:
                return position + found
            position += len(block) - len(wanted) + 1
        return -1


def followed(file: Bytes, end: int) -> Extent:
    """What is said of a file where its recording ends: whether another of its kind begins there.

    A decoder stops there and reports success. The other may begin behind a tag of the first.
    """
    head = file.at(0, 8)
    mark = head[4:] if head[4:] == b"ftyp" else head[:4]
    behind = file.at(end, 1 << 16)
    at = behind.find(mark)
    if at < 0 or not mark.strip(b"\0"):
        return Extent()
    return Extent(damage=f"another recording begins at byte {end + at}, and is not read")


def id3_length(file: Bytes, position: int = 0) -> int:
    """Bytes of the ID3v2 tag at an offset; 0: none is there."""
    head = file.at(position, 10)
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:]) > 127:
        return 0
    length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return 10 + length + (10 if head[5] & 0x10 else 0)
