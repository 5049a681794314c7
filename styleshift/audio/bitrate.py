"""How many bits a second a recording has."""

from __future__ import annotations

from pathlib import Path

from mutagen.mp3 import BitrateMode, MPEGInfo

from styleshift.audio.containers.extent import Bytes, sound_end
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
        with path.open("rb") as file:
            size, found = sound_end(Bytes(file.fileno())) - info.frame_offset, None
    return float(found or max(size, 0) * 8 / max(seconds, 0.1))
