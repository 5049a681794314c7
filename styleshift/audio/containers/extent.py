"""What a container says about its sound, in one form for all containers."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any

from styleshift.audio.things import Thing
from styleshift.words import Remark

_BLOCK_BYTES = 1 << 20
# What may lie behind the sound without a word.
_TRAILER_BYTES = 4096


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
        follows: offset at which another recording of the kind begins, which a decoder of this one does not
            read; 0: none does.
        notes: plain sentences on what does no harm.
        extras: what else is in the file and is no part of the sound, such as ``a video``.
    """

    links: tuple[Link, ...] = ()
    missing: float = 0.0
    cut: str = ""
    damage: str = ""
    unread: bool = False
    unfinished: int = 0
    follows: int = 0
    notes: tuple[str, ...] = ()
    extras: tuple[Thing, ...] = ()


class Bytes:
    """A file's bytes by offset, read in large blocks.

    Not a memory map: a file that shrinks under one kills the process.

    Args:
        file: a descriptor, which is not moved.
        start: offset in the file that counts as 0 here.
        end: offset behind the last byte; None: that of the file.
    """

    def __init__(self, file: int, start: int = 0, end: int | None = None) -> None:
        self._file = file
        self._origin = start
        self._start = 0
        self._block = b""
        whole = os.fstat(file).st_size
        self.size = max(0, (whole if end is None else min(end, whole)) - start)

    def at(self, position: int, count: int) -> bytes:
        """``count`` bytes from an offset on; fewer at the end of the file."""
        begin = position - self._start
        if begin < 0 or begin + count > len(self._block):
            self._block = self.read(max(count, _BLOCK_BYTES), position)
            self._start, begin = position, 0
        return self._block[begin : begin + count]

    def find(self, wanted: bytes, position: int, end: int) -> int:
        """Offset of the first ``wanted`` from an offset on, whole before ``end``; -1: none."""
        while position < end:
            block = self.read(min(_BLOCK_BYTES, end - position), position)
            if len(block) < len(wanted):
                return -1
            found = block.find(wanted)
            if found >= 0:
                return position + found
            position += len(block) - len(wanted) + 1
        return -1

    def behind(self, position: int) -> Bytes:
        """What lies from an offset on, which counts as 0 there."""
        return Bytes(self._file, self._origin + position, self._origin + self.size)

    def read(self, count: int, position: int) -> bytes:
        """As :meth:`at`, but not more than is asked for: for a look here and there."""
        return os.pread(self._file, max(0, min(count, self.size - position)), self._origin + position)


class Part(io.RawIOBase):
    """Part of a file as a file of its own, only read; some bytes of it may be replaced.

    Args:
        file: a descriptor, which is not moved.
        link: which part.
        replaced: an offset in the whole file, and the bytes that are to be read there.
        owns: whether the descriptor is closed with it.
    """

    def __init__(
        self, file: int, link: Link, replaced: tuple[int, bytes] = (0, b""), *, owns: bool = False
    ) -> None:
        super().__init__()
        self._owns = owns
        self._file, self._start, self._length = file, link.start, link.end - link.start
        self._at, self._new = replaced
        self._position = 0

    def view(self) -> Bytes:
        """Its bytes by offset; nothing is replaced in them."""
        return Bytes(self._file, self._start, self._start + self._length)

    def close(self) -> None:
        """Let go of the file."""
        if self._owns and not self.closed:
            os.close(self._file)
        super().close()

    def seekable(self) -> bool:
        """True."""
        return True

    def readable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """All that is asked for, where it is there."""
        room = memoryview(buffer).cast("B")
        count = max(0, min(len(room), self._length - self._position))
        data = os.pread(self._file, count, self._start + self._position)
        room[: len(data)] = data
        begin = self._at - self._start - self._position
        if self._new and -len(self._new) < begin < len(data):
            for offset, byte in enumerate(self._new, begin):
                if 0 <= offset < len(data):
                    room[offset] = byte
        self._position += len(data)
        return len(data)


def followed(file: Bytes, end: int, length: int = 4) -> Extent:
    """What is said of a file where its recording ends: whether another of its kind begins there.

    A decoder stops there and reports success. The other may begin behind a tag of the first.

    Args:
        file: its bytes.
        end: offset behind the recording.
        length: of the first bytes by which the other is known; more where a tag may well hold the first four.
    """
    head = file.at(0, 8)
    tagged = 4 if head[4:] == b"ftyp" else 0  # an MP4 begins with a length
    mark = head[tagged:] if tagged else head[:length]
    at = file.at(end, 1 << 16).find(mark)
    return Extent(follows=end + at - tagged) if at >= tagged and mark.strip(b"\0") else Extent()


def ends_at(file: Bytes, end: int, length: int = 4) -> Extent:
    """What is said of a file whose recording ends at an offset by its header: cut, or :func:`followed`."""
    return short_of(f"{end} bytes", file.size, end) if end > file.size else followed(file, end, length)


def left_behind(file: Bytes, end: int) -> tuple[str, ...]:
    """A sentence on bytes behind the sound, where they are more than a tag's rest or padding."""
    count = file.size - end
    if count < _TRAILER_BYTES or not file.at(end, 1 << 16).strip(b"\0"):
        return ()
    behind = "bytes behind its sound are nothing that is read"
    return (Remark(f"{count} {behind}", behind),)


def short_of(what: str, there: int, length: int) -> Extent:
    """What is said of a file that holds fewer bytes than its header says."""
    return Extent(missing=1 - there / length, cut=f"its header promises {what}, {there} are there")


def id3_length(file: Bytes, position: int = 0) -> int:
    """Bytes of the ID3v2 tag at an offset; 0: none is there."""
    head = file.at(position, 10)
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:]) > 127:
        return 0
    return 10 + syncsafe(head[6:]) + (10 if head[5] & 0x10 else 0)


def syncsafe(digits: bytes) -> int:
    """A number of ID3v2, of seven bits a byte."""
    value = 0
    for digit in digits:
        value = value << 7 | digit & 0x7F
    return value


def sound_end(file: Bytes) -> int:
    """Offset behind the sound, or zeros that follow it: before an ID3v1 or APEv2 tag."""
    end = file.size
    if file.at(max(0, end - 128), 3) == b"TAG":
        end -= 128
    foot = file.at(max(0, end - 32), 32)
    if foot[:8] == b"APETAGEX":
        # A header of 32 bytes, where there is one, is not counted in its length.
        end -= int.from_bytes(foot[12:16], "little") + (32 if foot[23] & 0x80 else 0)
    return max(end, 0)
