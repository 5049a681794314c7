"""What the first bytes of a file say: which kind it is, and how much sound a WAV or AIFF promises.

libsndfile plays what is there and keeps silent about what is missing; a recording that was cut short in
a download would pass for whole. So the promise is read here, and the reader compares.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from styleshift.audio.formats import recognised

# Sizes that a writer to a pipe puts where it cannot come back to fill in the true one: ffmpeg and others
# all ones, sox a little under 2^31 (0x7FFFFFFF less the headers, rounded down).
_STREAMED_FROM = 0x7FFF0000
_MOST_CHUNKS = 1000


def demuxer(file: BinaryIO) -> str | None:
    """The FFmpeg demuxer for a kind of file that libsndfile does not read; None where no kind is known.

    Naming the demuxer keeps FFmpeg from guessing: a text file must not become a playlist that opens others.
    """
    file.seek(0)
    row = recognised(file.read(16))
    if row is None or not (row.reader == "pyav" or row.name == "ogg"):
        return None
    return row.containers[0].lower()


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """Where a WAV or AIFF keeps its samples.

    Attributes:
        declared: bytes that the header promises; None where it leaves that open (a streamed file).
        available: bytes from the chunk's start to the end of the file.
    """

    declared: int | None
    available: int


def sound_chunk(file: BinaryIO) -> SoundChunk | None:
    """Find the ``data`` (RIFF, RIFX, RF64) or ``SSND`` (AIFF) chunk; None where there is none."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if len(head) < 12:
        return None
    form, kind = head[:4], head[8:]
    if form in (b"RIFF", b"RIFX", b"RF64") and kind == b"WAVE":
        wanted, order = b"data", ">" if form == b"RIFX" else "<"
    elif form == b"FORM" and kind in (b"AIFF", b"AIFC"):
        wanted, order = b"SSND", ">"
    else:
        return None
    position = 12
    long_size: int | None = None
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        length = struct.unpack(order + "I", chunk[4:])[0]
        position += 8
        if chunk[:4] == b"ds64":
            body = file.read(16)
            if len(body) == 16:
                long_size = struct.unpack("<Q", body[8:])[0]
        if chunk[:4] == wanted:
            declared: int | None = length
            if length == 0xFFFFFFFF and long_size is not None:
                declared = long_size
            elif length >= _STREAMED_FROM and length > size - position:
                declared = None
            return SoundChunk(declared, size - position)
        position += length + length % 2
    return None


def has_mp3_length(file: BinaryIO) -> bool:
    """Whether an MP3's first frame is a Xing, Info or VBRI header: its length is known, no guess."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    file.seek(start)
    frame = file.read(4096)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))
