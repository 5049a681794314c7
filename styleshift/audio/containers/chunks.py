"""WAV, AIFF, W64, CAF and AU: how many bytes of samples the header promises, and how many are there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from styleshift.audio.containers.extent import Bytes, Extent, Link, followed, left_behind

# Sizes that a writer to a pipe puts where it cannot come back to fill in the true one: ffmpeg and others
# all ones, sox a little under 2^31 (0x7FFFFFFF less the headers, rounded down).
_STREAMED_FROM = 0x7FFF0000
_MOST_CHUNKS = 1000
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a RIFF or IFF file.

    Attributes:
        name: its four bytes.
        start: offset of its body.
        length: of its body, bytes, as it says.
    """

    name: bytes
    start: int
    length: int


def chunks(file: Bytes, start: int = 0) -> Iterator[Chunk]:
    """The chunks of the WAV (RIFF, RIFX, RF64) or AIFF at an offset; none where none is."""
    head = file.at(start, 12)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:] == b"WAVE":
        order = ">" if head[:4] == b"RIFX" else "<"
    elif head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
        order = ">"
    else:
        return
    position, long_size = start + 12, 0
    for _ in range(_MOST_CHUNKS):
        told = file.at(position, 8)
        if len(told) < 8:
            return
        name, length = told[:4], struct.unpack(order + "I", told[4:])[0]
        if name == b"ds64":
            body = file.at(position + 8, 16)
            long_size = struct.unpack("<Q", body[8:])[0] if len(body) == 16 else 0
        if name == b"data" and length == 0xFFFFFFFF and long_size:
            length = long_size
        yield Chunk(name, position + 8, length)
        position += 8 + length + length % 2


def chunk_extent(file: Bytes) -> Extent:
    """Of a WAV or AIFF, and of others of it that may lie behind it."""
    found: list[Extent] = []
    starts, position = [0], 0
    while True:
        extent, position = _one(file, starts[-1])
        found.append(extent)
        if file.at(position, 4) not in (b"RIFF", b"FORM") or not any(chunks(file, position)):
            break
        starts.append(position)
    if len(starts) == 1:
        notes = () if found[0].missing or found[0].unfinished else left_behind(file, position)
        return replace(found[0], notes=notes)
    links = tuple(Link(start, end) for start, end in zip(starts, [*starts[1:], file.size], strict=True))
    return Extent(links, cut=found[-1].cut)


def _one(file: Bytes, start: int) -> tuple[Extent, int]:
    """What the WAV or AIFF at an offset says, and where it ends."""
    extent, end, sounds = Extent(), file.size, 0
    for chunk in chunks(file, start):
        if chunk.name in (b"data", b"SSND"):
            sounds += chunk.length > 0
            # Decoders read one of them.
            extras = (f"{sounds - 1} more chunk{'s' if sounds > 2 else ''} of sound",) if sounds > 1 else ()
            extent = replace(_promise(file, chunk.start, chunk.length), extras=extras)
        elif chunk.start + chunk.length > file.size:
            end = chunk.start - 8  # text behind the last chunk, or half of one
            break
        end = min(file.size, chunk.start + chunk.length + chunk.length % 2)
        if file.at(end, 4) in (b"RIFF", b"FORM"):
            break
    return extent, end


def _promise(file: Bytes, start: int, length: int) -> Extent:
    there = file.size - start
    if length == 0 and there > 0 and not _chunk_like(file.at(start, 4)):
        return Extent(unfinished=there)
    if length <= there or (_STREAMED_FROM <= length <= 0xFFFFFFFF):
        return Extent()
    return Extent(missing=1 - there / length)


def _chunk_like(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)


def au_extent(file: Bytes) -> Extent:
    """Of a Sun AU."""
    head = file.at(0, 12)
    order = "<" if head[:4] == b"dns." else ">"
    if len(head) < 12:
        return Extent()
    start, length = struct.unpack(order + "II", head[4:])
    return Extent() if length == 0xFFFFFFFF else _promise_plain(file, start, length)


def w64_extent(file: Bytes) -> Extent:
    """Of a Sony Wave64, whose chunks have names of 16 bytes and count their own headers."""
    position = 40
    for _ in range(_MOST_CHUNKS):
        head = file.at(position, 24)
        if len(head) < 24:
            break
        length = int(struct.unpack("<Q", head[16:])[0])
        if head[:16] == _W64_DATA:
            return _promise_plain(file, position + 24, length - 24)
        position += max(24, length + -length % 8)
    return Extent()


def caf_extent(file: Bytes) -> Extent:
    """Of Apple's Core Audio Format; -1 is the length of a last chunk that goes on to the end."""
    position = 8
    for _ in range(_MOST_CHUNKS):
        head = file.at(position, 12)
        if len(head) < 12:
            break
        length = int(struct.unpack(">q", head[4:])[0])
        if head[:4] == b"data":
            return Extent() if length < 0 else _promise_plain(file, position + 12, length)
        if length < 0:
            break
        position += 12 + length
    return Extent()


def _promise_plain(file: Bytes, start: int, length: int) -> Extent:
    there = max(0, file.size - start)
    if there < length:
        return Extent(missing=1 - there / length)
    return followed(file, start + length)
