"""WAV, AIFF, W64, CAF and AU: how many bytes of samples the header promises, and how many are there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from styleshift.audio.containers.extent import Bytes, Extent, Link, followed, left_behind
from styleshift.audio.things import ThingKind, counted

# Sizes that a writer to a pipe puts where it cannot come back to fill in the true one: ffmpeg and others
# all ones, sox a little under 2^31 (0x7FFFFFFF less the headers, rounded down).
_STREAMED_FROM = 0x7FFF0000
# In a W64 FFmpeg puts the largest number of 63 bits.
_W64_STREAMED_FROM = 0x7FFF_FFFF_FFFF_0000
_MOST_CHUNKS = 1000
_W64_NAME = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_W64_DATA, _W64_WAVE = b"data" + _W64_NAME, b"wave" + _W64_NAME


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


def walk(
    file: Bytes, position: int, header: str, *, counted: int = 0, align: int = 1, long_data: int = 0
) -> Iterator[Chunk]:
    """Chunk after chunk, as far as they go.

    Args:
        file: its bytes.
        position: offset of the first.
        header: of each, a name and a length, as :mod:`struct` has it.
        counted: bytes of the header that the length counts.
        align: chunks begin at multiples of this.
        long_data: length of a chunk ``data`` that says that it has no room for it; 0: it has.
    """
    head = struct.Struct(header)
    for _ in range(_MOST_CHUNKS):
        # A length of 64 bits may lead beyond any offset that a file can have.
        told = file.at(position, head.size) if position < file.size else b""
        if len(told) < head.size:
            return
        name, length = head.unpack(told)
        if name == b"data" and length == 0xFFFFFFFF and long_data:
            length = long_data
        length -= counted
        position += head.size
        yield Chunk(name, position, length)
        if length < 0:
            return
        position += length + -length % align


def form_of(file: Bytes, start: int = 0) -> str:
    """``RIFF``, ``RIFX``, ``RF64`` or ``FORM``: which WAV or AIFF begins at an offset; empty: none."""
    head = file.at(start, 12)
    form = head[:4].decode("latin-1")
    kinds = {b"WAVE": ("RIFF", "RIFX", "RF64"), b"AIFF": ("FORM",), b"AIFC": ("FORM",)}
    return form if form in kinds.get(head[8:], ()) else ""


def order_of(form: str) -> str:
    """Which byte of its numbers comes first, as :mod:`struct` has it."""
    return ">" if form in ("FORM", "RIFX") else "<"


def chunks(file: Bytes, start: int = 0) -> Iterator[Chunk]:
    """The chunks of the WAV (RIFF, RIFX, RF64) or AIFF at an offset; none where none is."""
    if form := form_of(file, start):
        first = file.at(start + 12, 24)
        long_data = int.from_bytes(first[16:], "little") if first[:4] == b"ds64" else 0
        yield from walk(file, start + 12, f"{order_of(form)}4sI", align=2, long_data=long_data)


def is_w64(file: Bytes) -> bool:
    """Whether a Sony Wave64 begins there, whose chunks have names of 16 bytes and count their own headers."""
    return file.at(0, 40)[24:] == _W64_WAVE


def w64_chunks(file: Bytes) -> Iterator[Chunk]:
    """The chunks of a W64; the first four bytes of their names are those that they have in a WAV."""
    return walk(file, 40, "<16sQ", counted=24, align=8)


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
            extras = (counted(sounds - 1, "more chunk", ThingKind.TRACKS, " of sound"),) if sounds > 1 else ()
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
    if length == 0 and there > 0 and not is_name(file.at(start, 4)):
        return Extent(unfinished=there)
    if length <= there or (_STREAMED_FROM <= length <= 0xFFFFFFFF):
        return Extent()
    return Extent(missing=1 - there / length)


def is_name(name: bytes) -> bool:
    """Whether four bytes may be the name of a chunk."""
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)


def au_extent(file: Bytes) -> Extent:
    """Of a Sun AU."""
    head = file.at(0, 12)
    start, length = struct.unpack("<II" if head[:4] == b"dns." else ">II", head[4:])
    return Extent() if length == 0xFFFFFFFF else _promise_plain(file, start, length)


def w64_extent(file: Bytes) -> Extent:
    """Of a Sony Wave64."""
    data = next((each for each in w64_chunks(file) if each.name == _W64_DATA), None)
    if data is None or data.length >= _W64_STREAMED_FROM:
        return Extent()
    return _promise_plain(file, data.start, data.length)


def caf_extent(file: Bytes) -> Extent:
    """Of Apple's Core Audio Format; -1 is the length of a last chunk that goes on to the end."""
    data = next((each for each in walk(file, 8, ">4sq") if each.name == b"data"), None)
    return Extent() if data is None or data.length < 0 else _promise_plain(file, data.start, data.length)


def _promise_plain(file: Bytes, start: int, length: int) -> Extent:
    there = max(0, file.size - start)
    if there < length:
        return Extent(missing=1 - there / length)
    return followed(file, start + length)
