"""True Audio, Monkey's Audio, WavPack and DSD: where the sound ends by what their headers and blocks say."""

from __future__ import annotations

import struct

from styleshift.audio.containers.extent import Bytes, Extent, followed, id3_length, short_of

_INITIAL_BLOCK = 0x800
_DESCRIPTOR_FROM = 3980
_BLOCK = struct.Struct("<IHBBIIIII")
_APE_DESCRIPTOR = struct.Struct("<4sHHIIIIIII")


def tta_extent(file: Bytes) -> Extent:
    """Of True Audio: a table of how long each frame is follows the header."""
    start = id3_length(file)
    head = file.at(start, 22)
    if len(head) < 22 or head[:4] != b"TTA1":
        return Extent()
    rate, samples = struct.unpack("<II", head[10:18])
    # Frames are of 256 / 245 of a second.
    frames = -(-samples // max(1, 256 * rate // 245))
    table = file.at(start + 22, 4 * frames)
    if len(table) < 4 * frames:
        return Extent(cut="its table of frames is not whole")
    end = start + 22 + len(table) + 4 + sum(struct.unpack(f"<{frames}I", table))
    if end > file.size:
        return short_of(f"{end} bytes", file.size, end)
    return followed(file, end)


def ape_extent(file: Bytes) -> Extent:
    """Of Monkey's Audio from version 3.98 on: a descriptor counts the bytes of each part."""
    start = id3_length(file)
    head = file.at(start, _APE_DESCRIPTOR.size)
    if len(head) < _APE_DESCRIPTOR.size:
        return Extent()
    _, version, _, *parts = _APE_DESCRIPTOR.unpack(head)
    if version < _DESCRIPTOR_FROM:
        return Extent()
    descriptor, header, table, wav_header, low, high, tail = parts
    end = start + descriptor + header + table + wav_header + (high << 32 | low) + tail
    if end > file.size:
        return short_of(f"{end} bytes", file.size, end)
    return followed(file, end)


def wavpack_extent(file: Bytes) -> Extent:
    """Of WavPack: blocks with their sizes, each with the number of its first sample."""
    position = start = id3_length(file)
    done, total = 0, 0
    while True:
        head = file.at(position, 32)
        if len(head) < 32 or head[:4] != b"wvpk":
            break
        length, _, index_high, total_high, total_low, index_low, count, flags, _ = _BLOCK.unpack(head[4:])
        index = index_high << 32 | index_low
        if flags & _INITIAL_BLOCK and count:
            if index == 0 and position > start and done:
                return Extent(follows=position)
            done = index + count
        if position == start and total_low != 0xFFFFFFFF:
            total = total_high << 32 | total_low
        if position + 8 + length > file.size:
            return Extent(cut="its last WavPack block is not whole", missing=_share(done - count, total))
        position += 8 + length
    if total and done < total:
        return Extent(
            missing=_share(done, total), cut=f"its header promises {total} samples, {done} are there"
        )
    return followed(file, position)


def _share(done: int, total: int) -> float:
    return min(1.0, max(0.0, 1 - done / total)) if total else 0.0


def dsf_extent(file: Bytes) -> Extent:
    """Of DSF: the size of the whole file, and where its tag begins."""
    head = file.at(0, 28)
    if len(head) < 28:
        return Extent()
    size = int(struct.unpack("<Q", head[12:20])[0])
    return short_of(f"{size} bytes", file.size, size) if size > file.size else followed(file, size)


def dff_extent(file: Bytes) -> Extent:
    """Of DSDIFF: the size of its one form chunk."""
    head = file.at(0, 12)
    if len(head) < 12:
        return Extent()
    end = 12 + int(struct.unpack(">Q", head[4:])[0])
    return short_of(f"{end} bytes", file.size, end) if end > file.size else followed(file, end)
