"""FLAC: the total in its header against the last frame's own number (RFC 9639)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from styleshift.audio.containers.extent import Bytes, Extent, Link, id3_length, sound_end

# Header, a constant for each channel, checksum.
_SMALLEST_FRAME = 9
# A frame is at most this long, but for absurd ones.
_LAST_BYTES = 1 << 18
_PROBES, _PROBE_BYTES = 16, 1 << 15
_STREAMINFO = b"fLaC\x00\x00\x00\x22"
_STREAMINFO_LAST = b"fLaC\x80\x00\x00\x22"
_BLOCK_SIZES = {1: 192, **{code: 576 << (code - 2) for code in range(2, 6)}} | {
    code: 256 << (code - 8) for code in range(8, 16)
}


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    found = []
    for value in range(256):
        value <<= bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        found.append(value)
    return tuple(found)


_CRC8, _CRC16 = _table(0x07, 8), _table(0x8005, 16)


def _checksum(data: bytes, table: tuple[int, ...], bits: int) -> int:
    value, mask = 0, (1 << bits) - 1
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> bits - 8 ^ byte]
    return value


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a FLAC header says.

    Attributes:
        start: offset of ``fLaC``.
        sound: offset of the first frame.
        rate: Hz.
        block: sample frames in a frame at most; in each but the last, where all have as many.
        total: sample frames; 0: not known.
    """

    start: int
    sound: int
    rate: int
    block: int
    total: int


def stream_info(file: Bytes, start: int = 0) -> StreamInfo | None:
    """The header at an offset; None where none is."""
    head = file.at(start, 42)
    if len(head) < 42 or head[:8] not in (_STREAMINFO, _STREAMINFO_LAST):
        return None
    packed = int.from_bytes(head[18:26], "big")
    position = start + 4
    while True:
        block = file.at(position, 4)
        if len(block) < 4:
            return None
        position += 4 + int.from_bytes(block[1:], "big")
        if block[0] & 0x80:
            break
    longest = int.from_bytes(head[10:12], "big")
    return StreamInfo(start, position, rate=packed >> 44, block=longest, total=packed & (1 << 36) - 1)


def frame_at(data: bytes, position: int, info: StreamInfo) -> tuple[int, int] | None:
    """First sample and number of samples of the frame at an offset of ``data``; None where none begins."""
    head = data[position : position + 16]
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    number, length = _coded_number(head[4:])
    if not length:
        return None
    end = 4 + length
    code = head[2] >> 4
    if code in (6, 7):
        size = int.from_bytes(head[end : end + code - 5], "big") + 1
        end += code - 5
    else:
        size = _BLOCK_SIZES.get(code, 0)
    end += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if not size or end >= len(head) or _checksum(head[:end], _CRC8, 8) != head[end]:
        return None
    return (number if head[1] & 1 else number * info.block), size


def _coded_number(data: bytes) -> tuple[int, int]:
    """A number coded as UTF-8 codes characters, but up to 36 bits, and its length; length 0: none."""
    first = data[0]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or len(data) < length:
        return 0, 0
    number = first & (0x7F >> length)
    for byte in data[1:length]:
        if byte & 0xC0 != 0x80:
            return 0, 0
        number = number << 6 | byte & 0x3F
    return number, length


def total_by_last_frame(file: Bytes, info: StreamInfo, end: int) -> int | None:
    """Sample frames up to the end of the last frame, where one ends whole at ``end``; else None.

    Counted from the first frame, whose number need not be 0: a FLAC may be a part of another.
    """
    first = frame_at(file.at(info.sound, 16), 0, info)
    if first is None:
        return None
    begin = max(info.sound, end - _LAST_BYTES)
    data = file.at(begin, end - begin)
    position = len(data)
    told = int.from_bytes(data[-2:], "big")
    while (position := data.rfind(b"\xff", 0, position)) >= 0:
        found = frame_at(data, position, info)
        if found is not None and _checksum(data[position:-2], _CRC16, 16) == told:
            return sum(found) - first[0]
    return None


def frames_in(data: bytes, info: StreamInfo) -> Iterator[tuple[int, int, int]]:
    """Of every frame that seems to begin in ``data``: its offset, first sample and number of samples."""
    position = -1
    while (position := data.find(b"\xff", position + 1)) >= 0:
        if (found := frame_at(data, position, info)) is not None:
            yield position, *found


def flac_extent(file: Bytes) -> Extent:
    """Whether the header's total is the last frame's, and whether another FLAC follows."""
    info = stream_info(file)
    if info is None:
        return Extent()
    end = sound_end(file)
    if info.total > (end // _SMALLEST_FRAME + 1) * max(1, info.block):
        text = f"its header promises {info.total / info.rate:.3g} s, more than its bytes can hold"
        return Extent(missing=1.0, cut=text)
    end, there = _last_frame(file, info, end)
    # Where the total is right, another may follow that is as long.
    right = there is not None and there == info.total and _rises(file, info, end)
    links = () if right else _links(file, info)
    if len(links) > 1:
        return Extent(links)
    if there is not None and there == info.total:
        # A decoder that reads on to the end of the file takes a tag for a damaged frame.
        return Extent() if end == file.size else Extent((Link(info.start, end, there),))
    if there is not None and info.total and there > info.total:
        return Extent((Link(0, end, there),), unread=True)
    if there is not None and there < info.total:
        return Extent(missing=1 - there / info.total, cut="its last frame is not the one its header promises")
    if there is None and info.total and (begun := _last_begun(file, info, end)) is not None:
        return Extent(missing=1 - begun / info.total, cut="it ends inside a frame that is not the last")
    return Extent()


def _last_begun(file: Bytes, info: StreamInfo, end: int) -> int | None:
    """First sample of the last frame that begins, where one follows on another; None: it may be the last."""
    first = frame_at(file.at(info.sound, 16), 0, info)
    if first is None:
        return None
    begin = max(info.sound, end - _LAST_BYTES)
    before, last = -1, None
    for _, start, count in frames_in(file.at(begin, end - begin), info):
        done = start + count - first[0]
        if done == info.total:
            return None
        # By chance, sound may look like a frame's header, but hardly like that of the next.
        if start == before:
            last = start - first[0] if done < info.total else None
        before = start + count
    return last


def _last_frame(file: Bytes, info: StreamInfo, end: int) -> tuple[int, int | None]:
    """Where the last frame ends, before zeros that copies leave there, and the total by it."""
    begin = max(info.sound, end - _LAST_BYTES)
    bare = begin + len(file.at(begin, end - begin).rstrip(b"\0"))
    # A checksum may end in zeros, and is right without them and with more: never end before its two bytes.
    at = min(bare + 2, end)
    if (there := total_by_last_frame(file, info, at)) is not None:
        return at, there
    return end, total_by_last_frame(file, info, end)


def _rises(file: Bytes, info: StreamInfo, end: int) -> bool:
    """Whether frames that are looked for here and there begin later and later: a second FLAC begins anew."""
    before = -1
    for part in range(_PROBES):
        start = info.sound + (end - info.sound) * part // _PROBES
        for _, sample, _ in itertools.islice(frames_in(file.read(_PROBE_BYTES, start), info), 1):
            if sample < before:
                return False
            before = sample
    return True


def _links(file: Bytes, info: StreamInfo) -> tuple[Link, ...]:
    starts, position = [info.start], info.sound
    while (position := file.find(b"fLaC", position, file.size)) >= 0:
        if stream_info(file, position) is not None:
            starts.append(position)
        position += 4
    return tuple(Link(start, end) for start, end in zip(starts, [*starts[1:], file.size], strict=True))


def with_total(file: Bytes, total: int) -> tuple[int, bytes]:
    """Where, and by which bytes, a FLAC's header is to be replaced to say another total."""
    start = id3_length(file) + 18
    packed = int.from_bytes(file.at(start, 8), "big")
    return start, (packed >> 36 << 36 | total).to_bytes(8, "big")
