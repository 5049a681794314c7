"""MP4, Matroska and ASF: whether the file is as long as its outermost structure says."""

from __future__ import annotations

import struct

from styleshift.audio.containers.chunks import walk
from styleshift.audio.containers.extent import Bytes, Extent, followed, left_behind, short_of
from styleshift.words import Remark

_MOST_BOXES = 100_000
_BOXES = frozenset(
    b"ftyp moov mdat free skip wide udta uuid meta moof mfra sidx styp ssix prft emsg pdin pnot junk".split()
)
_SEGMENT = b"\x18\x53\x80\x67"
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def mp4_extent(file: Bytes) -> Extent:
    """Of an MP4 or QuickTime file: boxes one behind the other, the last of which may run to the end."""
    position = 0
    for _ in range(_MOST_BOXES):
        head = file.at(position, 16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        if length == 0:
            break
        known = head[4:8] in _BOXES
        if length < 8 or not (known or position + length <= file.size):
            return Extent(notes=left_behind(file, position))
        if position + length > file.size:
            return short_of(f"a box of {length} bytes", file.size - position, length)
        position += length
        if file.at(position + 4, 4) == b"ftyp":
            return followed(file, position)
    return Extent()


def matroska_extent(file: Bytes) -> Extent:
    """Of Matroska and WebM: the segment's size; where that is open, its clusters'."""
    _, _, position = _element(file, 0)
    name, size, body = _element(file, position)
    if name != _SEGMENT:
        return Extent()
    if size is not None:
        there = file.size - body
        if there < size:
            return short_of(f"a segment of {size} bytes", there, size)
        return followed(file, body + size)
    position = body
    for _ in range(_MOST_BOXES):
        _, size, body = _element(file, position)
        if size is None:
            break
        if body + size > file.size:
            return Extent(cut="its last cluster is not whole")
        position = body + size
    return Extent()


def _element(file: Bytes, position: int) -> tuple[bytes, int | None, int]:
    """Name, size (None: open) and offset of the body of an EBML element.

    For the first element, the header, the offset is that of what follows.

    Raises:
        IndexError, ValueError: none is there.
    """
    head = file.at(position, 12)
    width = 9 - head[0].bit_length()
    name, first = head[:width], head[width]
    length = 9 - first.bit_length()
    digits = head[width + 1 : width + length]
    if width > 4 or length > 8 or len(digits) < length - 1:
        raise ValueError("no element of EBML")
    size = int.from_bytes(bytes([first & (0xFF >> length)]) + digits, "big")
    body = position + width + length
    if name == b"\x1a\x45\xdf\xa3":
        return name, size, body + size
    return name, None if size == (1 << 7 * length) - 1 else size, body


def asf_extent(file: Bytes) -> Extent:
    """Of ASF (WMA): the size of the file that its properties tell, unless it was a broadcast."""
    mark, end = struct.unpack("<16sQ", file.at(0, 24))
    for each in walk(file, 30, "<16sQ", counted=24):
        if each.start > end:
            break
        if each.name == _ASF_FILE:
            size, flags = struct.unpack("<16xQ40xI", file.at(each.start, 68))
            if not flags & 1 and file.size < size:
                return short_of(f"{size} bytes", file.size, size)
            if file.at(size, 16) == mark:
                return Extent(follows=size)
            if not flags & 1 and file.size > size:
                more = "bytes more than its header says"
                return Extent(notes=(Remark(f"{file.size - size} {more}", more),))
            break
    return Extent()
