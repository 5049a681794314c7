"""True Audio, AC-3, Monkey's Audio, WavPack and DSD: where the sound ends by their headers and blocks."""

from __future__ import annotations

import struct

from styleshift.audio.containers.extent import Bytes, Extent, ends_at, followed, left_behind

_AC3_RATES = (48000, 44100, 32000)
_AC3_KILOBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_INITIAL_BLOCK = 0x800
_DESCRIPTOR_FROM = 3980
_BLOCK = struct.Struct("<IHBBIIIII")
_APE_DESCRIPTOR = struct.Struct("<4sHHIIIIIII")


def tta_extent(file: Bytes) -> Extent:
    """Of True Audio: a table of how long each frame is follows the header."""
    head = file.at(0, 22)
    rate, samples = struct.unpack("<II", head[10:18])
    # Frames are of 256 / 245 of a second.
    frames = -(-samples // max(1, 256 * rate // 245))
    table = file.at(22, 4 * frames)
    if len(table) < 4 * frames:
        return Extent(cut="its table of frames is not whole")
    return ends_at(file, 22 + len(table) + 4 + sum(struct.unpack(f"<{frames}I", table)))


def ac3_extent(file: Bytes) -> Extent:
    """Of AC-3 and E-AC-3 (ETSI TS 102 366): whether it ends within a frame."""
    position = 0
    while position + 6 <= file.size:
        head = file.at(position, 6)
        if head[:2] != b"\x0b\x77":
            return Extent(notes=left_behind(file, position))
        if head[5] >> 3 > 10:
            length = 2 * (((head[2] & 7) << 8 | head[3]) + 1)
        else:
            rate, code = head[4] >> 6, head[4] & 63
            if rate == 3 or code >= 2 * len(_AC3_KILOBITS):
                return Extent()
            words = 96 * 1000 * _AC3_KILOBITS[code >> 1] // _AC3_RATES[rate]
            length = 2 * (words + (code & 1 if rate == 1 else 0))
        if position + length > file.size:
            return Extent(cut="its last AC-3 frame is not whole")
        position += length
    return Extent()


def ape_extent(file: Bytes) -> Extent:
    """Of Monkey's Audio from version 3.98 on: a descriptor counts the bytes of each part."""
    _, version, _, *parts = _APE_DESCRIPTOR.unpack(file.at(0, _APE_DESCRIPTOR.size))
    if version < _DESCRIPTOR_FROM:
        return Extent()
    descriptor, header, table, wav_header, low, high, tail = parts
    end = descriptor + header + table + wav_header + (high << 32 | low) + tail
    return ends_at(file, end, 6)  # with the version: "MAC " alone is a word


def wavpack_extent(file: Bytes) -> Extent:
    """Of WavPack: blocks with their sizes, each with the number of its first sample."""
    position = 0
    done, total = 0, 0
    while True:
        head = file.at(position, 32)
        if len(head) < 32 or head[:4] != b"wvpk":
            break
        length, _, index_high, total_high, total_low, index_low, count, flags, _ = _BLOCK.unpack(head[4:])
        index = index_high << 32 | index_low
        if flags & _INITIAL_BLOCK and count:
            if index == 0 and position and done:
                return Extent(follows=position)
            done = index + count
        if position == 0 and total_low != 0xFFFFFFFF:
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
    return ends_at(file, struct.unpack("<Q", file.at(12, 8))[0])


def dff_extent(file: Bytes) -> Extent:
    """Of DSDIFF: the size of its one form chunk."""
    return ends_at(file, 12 + struct.unpack(">Q", file.at(4, 8))[0])
