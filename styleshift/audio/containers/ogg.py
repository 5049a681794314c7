"""Ogg: pages with checksums and numbers, links one behind the other, streams side by side (RFC 3533)."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from styleshift.audio.containers.extent import Bytes, Extent, Link, left_behind
from styleshift.audio.things import Thing, ThingKind

_HEADER = struct.Struct("<4sBBqIIIB")
_CONTINUED, _FIRST, _LAST = 1, 2, 4
# Ogg's checksum is CRC-32 with the bits of each byte the other way round, and no inversion at either end.
_MIRRORED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_CODECS = (
    (b"\x01vorbis", "vorbis"),
    (b"OpusHead", "opus"),
    (b"\x7fFLAC", "flac"),
    (b"Speex   ", "speex"),
    (b"\x80theora", "theora"),
    (b"fishead\0", "skeleton"),
)
SOUND = frozenset({"vorbis", "opus", "flac", "speex"})


@dataclass(slots=True)
class _Stream:
    codec: str
    next_number: int = 0
    ended: bool = False


@dataclass(slots=True)
class _LinkPages:
    start: int
    streams: dict[int, _Stream] = field(default_factory=dict)
    begun: bool = False  # a page that is no stream's first was seen

    def sound(self) -> list[_Stream]:
        return [stream for stream in self.streams.values() if stream.codec in SOUND]


def checksum(page: bytes) -> int:
    """Of a page whose checksum field, bytes 22 to 25, is zero."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def codec_of(packet: bytes) -> str:
    """Codec that a stream's first packet names; empty: none that is known."""
    return next((name for mark, name in _CODECS if packet.startswith(mark)), "")


def page_at(file: Bytes, position: int) -> bytes | None:
    """The whole page at an offset; None where none is, or it is not whole."""
    head = file.at(position, 27)
    if len(head) < 27 or head[:5] != b"OggS\0":
        return None
    table = file.at(position + 27, head[26])
    length = 27 + head[26] + sum(table)
    page = file.at(position, length)
    return page if len(page) == length and len(table) == head[26] else None


def ogg_extent(file: Bytes) -> Extent:
    """Walk all pages: links, damage to pages, pages that lack, and whether the end is there."""
    links: list[_LinkPages] = []
    damage = cut = ""
    notes: tuple[str, ...] = ()
    position = file.find(b"OggS", 0, min(file.size, 1 << 16))
    while 0 <= position < file.size:
        page = page_at(file, position)
        if page is None:
            follows = file.find(b"OggS", position + 1, file.size)
            if follows < 0:
                if file.at(position, 4) == b"OggS":
                    cut = cut or "its last page is not whole"
                else:
                    notes = left_behind(file, position)
                break
            damage = damage or f"{follows - position} bytes at {position} are no page"
            position = follows
            continue
        _, _, flags, _, serial, number, told, _ = _HEADER.unpack_from(page)
        if checksum(page[:22] + bytes(4) + page[26:]) != told:
            damage = damage or f"the page at byte {position} fails its checksum"
            position += len(page)
            continue
        if flags & _FIRST:
            if not links or links[-1].begun:
                links.append(_LinkPages(position))
            links[-1].streams[serial] = _Stream(codec_of(page[27 + page[26] :]), number)
        elif links:
            links[-1].begun = True
        stream = links[-1].streams.get(serial) if links else None
        if stream is not None:
            if number != stream.next_number and stream.codec in SOUND:
                damage = damage or f"pages lack before byte {position}"
            stream.next_number = number + 1
            stream.ended = stream.ended or bool(flags & _LAST)
        position += len(page)
    if not links:
        return Extent()
    if not cut and not all(stream.ended for link in links for stream in link.sound()):
        cut = "its last page, which ends the stream, is missing"
    ends = [link.start for link in links[1:]] + [file.size]
    ranges = tuple(Link(link.start, end) for link, end in zip(links, ends, strict=True) if link.sound())
    return Extent(ranges, cut=cut, damage=damage, notes=notes, extras=_extras(links))


def _extras(links: list[_LinkPages]) -> tuple[Thing, ...]:
    found = []
    if any(len(link.sound()) > 1 for link in links):
        found.append("a second audio track")
    if any(stream.codec == "theora" for link in links for stream in link.streams.values()):
        found.append("a video")
    return tuple(Thing(name, ThingKind.TRACKS) for name in found)


def set_serial(file: int) -> None:
    """Give all pages of an Ogg with one stream the serial number that follows from what is in them.

    Encoders draw it by chance, so that two runs over the same sound differ in their bytes.

    Args:
        file: a descriptor, open for reading and writing, which is not moved.
    """
    serial = 0
    for _, page in _pages(Bytes(file)):
        serial = zlib.crc32(page[27 + page[26] :], serial)
    told = struct.pack("<I", serial)
    for position, page in _pages(Bytes(file)):
        blank = page[:14] + told + page[18:22] + bytes(4) + page[26:]
        os.pwrite(file, told + page[18:22] + struct.pack("<I", checksum(blank)), position + 14)


def _pages(file: Bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while (page := page_at(file, position)) is not None:
        yield position, page
        position += len(page)
