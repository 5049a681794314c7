"""How many bits a second a recording has."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from mutagen.mp3 import BitrateMode, MPEGInfo

from styleshift.audio.tags.read import open_tags


def bits_per_second(path: Path, seconds: float) -> float:
    """Of a recording of that length: as its header says where it can know, else by the size of the file.

    An MP3 says it in a header of its own (Xing, Info, VBRI), which old encoders and cutters leave out; then
    there is only the first frame's rate, which in a variable one may be a quarter of the mean.
    """
    info = getattr(open_tags(path), "info", None)
    found = getattr(info, "bitrate", None)
    size = path.stat().st_size
    if isinstance(info, MPEGInfo) and info.bitrate_mode != BitrateMode.CBR:
        size, found = size - info.frame_offset - _tail(path), None
    return float(found or max(size, 0) * 8 / max(seconds, 0.1))


def _tail(path: Path) -> int:
    """Bytes of the tags that follow the sound of an MP3: ID3v1, and APEv2 before it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 160))
        end = file.read()
    found = 128 if end[-128:].startswith(b"TAG") else 0
    footer = end[: len(end) - found][-32:]
    if footer.startswith(b"APETAGEX"):
        length, _, flags = struct.unpack("<3I", footer[12:24])
        found += length + (32 if flags >> 31 else 0)  # its header is not counted in its length
    return min(found, size)
