"""MPEG audio (MP3): frame after frame, without a container; a Xing or VBRI frame may say how many.

ISO/IEC 11172-3 and 13818-3 for the frames; the Xing, Info and VBRI headers as LAME and Fraunhofer write them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from styleshift.audio.containers.extent import Bytes, Extent, Link, id3_length, left_behind
from styleshift.words import Remark

_BITRATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# How many frames in a row make an MP3 of bytes that might be anything.
_ENOUGH = 4
_SEARCH_BYTES = 1 << 20
# Xing counts may hold the header's own frame, or not.
_COUNT_SLACK = 2
LAST_FRAME_CUT = "its last MP3 frame is incomplete"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame's header says.

    Attributes:
        length: bytes.
        samples: sample frames in it.
        kind: ``(version, layer, rate, channels)``.
        mark: where in it a Xing or Info header begins.
    """

    length: int
    samples: int
    kind: tuple[int, int, int, int]
    mark: int


@lru_cache(maxsize=4096)  # a recording has few
def frame_of(head: bytes) -> Frame | None:
    """What four bytes say as a frame's header; None: they are none, or leave the length open."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    row, column = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or row in (0, 15) or column == 3 or head[3] & 3 == 2:
        return None
    rate = _RATES[version][column]
    bits = _BITRATES[1 if version == 3 else 2, layer][row] * 1000
    padding = head[2] >> 1 & 1
    if layer == 1:
        length, samples = (12 * bits // rate + padding) * 4, 384
    else:
        samples = 576 if layer == 3 and version != 3 else 1152
        length = samples // 8 * bits // rate + padding
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return Frame(length, samples, (version, layer, rate, 1 if mono else 2), 4 + side)


def first_frame(file: Bytes) -> int:
    """Offset of the first of several frames in a row, after tags, zeros or other bytes; -1: none."""
    position = id3_length(file)
    end = min(file.size, position + _SEARCH_BYTES)
    while 0 <= position < end:
        if _chained(file, position):
            return position
        position = file.find(b"\xff", position + 1, end)
    return -1


def _chained(file: Bytes, position: int) -> bool:
    kind = None
    for _ in range(_ENOUGH - 1):
        frame = frame_of(file.at(position, 4))
        if frame is None or kind not in (None, frame.kind[:3]):
            return False
        kind = frame.kind[:3]
        position += frame.length
        if position >= file.size:
            return True
    return True


def mpeg_extent(file: Bytes) -> Extent:
    """Walk all frames: where a recording behind the first one begins, and how many frames each has."""
    start = first_frame(file)
    if start < 0:
        return Extent()
    walk = _Walk(file)
    walk.run(start)
    if not walk.links:
        return Extent()
    if (junk := walk.links[0].start - id3_length(file)) > 0:
        before = "bytes before its first MP3 frame are not sound"
        walk.notes.insert(0, Remark(f"{junk} {before}", before))
    return Extent(tuple(walk.links), walk.missing, walk.cut, walk.damage, notes=tuple(walk.notes))


@dataclass(slots=True)
class _LinkFrames:
    """The frames of one recording, counted."""

    begun: int
    kind: tuple[int, int, int, int]
    promised: int | None
    frames: int = 0
    samples: int = 0
    complete_at: int = 0

    @property
    def seconds(self) -> float:
        return self.samples / self.kind[2]

    def push(self, position: int, frame: Frame) -> _LinkFrames | None:
        """Count a frame; what lies behind the promised ones, once there are surely more."""
        if self.frames == self.promised:
            self.complete_at = position
        self.frames += 1
        self.samples += frame.samples
        if self.promised is None or self.frames <= self.promised + _COUNT_SLACK:
            return None
        more = self.frames - self.promised
        self.frames, self.samples = self.promised, self.promised * frame.samples
        return _LinkFrames(self.complete_at, self.kind, None, more, more * frame.samples)


class _Walk:
    def __init__(self, file: Bytes) -> None:
        self._file = file
        self.links: list[Link] = []
        self.notes: list[str] = []
        self.missing = 0.0
        self.cut = self.damage = ""

    def run(self, position: int) -> None:
        """Walk from a first frame to the end of the file."""
        at, size = self._file.at, self._file.size
        link: _LinkFrames | None = None
        seconds = 0.0
        while position < size:
            frame = frame_of(at(position, 4))
            if frame is None:
                follows = self._resume(position)
                if follows < 0:
                    self._told_of_rest(position)
                    break
                if _tag_length(self._file, position):
                    seconds += self._end(link, position)
                    link = None
                else:
                    where = seconds + (link.seconds if link else 0.0)
                    lost, is_none = follows - position, "no MP3 frame and are left out"
                    text = f"{lost} bytes after {where:.1f} s are {is_none}"
                    self.notes.append(Remark(text, f"bytes inside are {is_none}"))
                position = follows
                continue
            if position + frame.length > size:
                self.notes.append(LAST_FRAME_CUT)
                break
            header, count = self._header(position, frame)
            if link is None or header or frame.kind != link.kind:
                seconds += self._end(link, position)
                link = _LinkFrames(position, frame.kind, count)
            if not header:
                behind = link.push(position, frame)
                if behind is not None:  # more frames than its header counts: they are another recording
                    seconds += self._end(link, behind.begun)
                    link = behind
            position += frame.length
        self._end(link, size, last=True)

    def _header(self, position: int, frame: Frame) -> tuple[bool, int | None]:
        """Whether a frame is a Xing, Info or VBRI header, and how many frames it counts."""
        if frame.kind[1] != 3:
            return False, None
        mark = self._file.at(position + frame.mark, 12)
        if mark[:4] in (b"Xing", b"Info") and len(mark) == 12:
            return True, (int.from_bytes(mark[8:], "big") or None) if mark[7] & 1 else None
        body = self._file.at(position + 36, 18)
        if body[:4] == b"VBRI" and len(body) == 18:
            return True, int.from_bytes(body[14:], "big") or None
        return False, None

    def _end(self, link: _LinkFrames | None, end: int, *, last: bool = False) -> float:
        """Take a link that ended; its length in seconds."""
        if link is None or not link.frames:
            return 0.0
        promised = link.promised
        self.links.append(Link(link.begun, end, link.samples, guessed=promised is None))
        if promised is not None and link.frames < promised - _COUNT_SLACK:
            text = f"its header promises {promised} MP3 frames, {link.frames} are there"
            if last:
                self.cut, self.missing = text, 1 - link.frames / promised
            else:
                self.damage = self.damage or text
        return link.seconds

    def _resume(self, position: int) -> int:
        """Offset of the next frames; -1: only tags or padding, or bytes that are no music, follow."""
        file = self._file
        while position < file.size:
            if length := _tag_length(file, position):
                position += length
                if _chained(file, position):
                    return position
                continue
            found = file.find(b"\xff", position + 1, file.size)
            tag = file.find(b"ID3", position + 1, found if found >= 0 else file.size)
            position = tag if tag >= 0 else found
            if position < 0:
                return -1
            if _chained(file, position) and file.size - position > 4:
                return position
        return -1

    def _told_of_rest(self, position: int) -> None:
        """Name what lies behind the last frame and its tags."""
        while length := _tag_length(self._file, position):
            position += length
        self.notes += left_behind(self._file, position)


def _tag_length(file: Bytes, position: int) -> int:
    """Bytes of an ID3, APEv2 or Lyrics3 tag; 0: none is there."""
    head = file.at(position, 32)
    if head[:3] == b"TAG":
        return 128
    if head[:8] == b"APETAGEX" and len(head) == 32:
        return 32 + int.from_bytes(head[12:16], "little")
    if head[:11] == b"LYRICSBEGIN":
        found = file.find(b"LYRICS200", position, min(file.size, position + (1 << 20)))
        return found + 9 - position if found >= 0 else 0
    return id3_length(file, position)


def adts_extent(file: Bytes) -> Extent:
    """Of raw AAC (ADTS): whether it ends within a frame."""
    position = id3_length(file)
    while position + 7 <= file.size:
        head = file.at(position, 7)
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            return Extent()  # tags, or something else: no matter of ours
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        if length < 7:
            return Extent()
        if position + length > file.size:
            return Extent(cut="its last AAC frame is not whole")
        position += length
    return Extent()
