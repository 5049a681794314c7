"""A seek table for a FLAC that was just written: without one, players search."""

from __future__ import annotations

from pathlib import Path

from mutagen.flac import FLAC, SeekPoint, SeekTable

from styleshift.audio.containers.extent import Bytes
from styleshift.audio.containers.flac import frames_in, stream_info

_SECONDS = 10.0
_SEARCH_BYTES = 1 << 17


def add_seek_table(path: Path) -> None:
    """Give a FLAC a point about every ten seconds, as frames found by their headers say.

    Raises:
        MutagenError: the file cannot be written.
    """
    points = []
    with path.open("rb") as opened:
        file = Bytes(opened.fileno())
        info = stream_info(file)
        if info is None or not info.total:
            return
        count = max(1, int(info.total / info.rate / _SECONDS))
        step = (file.size - info.sound) / count
        for number in range(count):
            begin = info.sound + int(number * step)
            for position, sample, samples in frames_in(file.at(begin, _SEARCH_BYTES), info):
                if sample < info.total:
                    points.append(SeekPoint(sample, begin + position - info.sound, samples))
                    break
    table = SeekTable(None)
    table.seekpoints = sorted(set(points))
    new = FLAC(path)
    new.metadata_blocks = [block for block in new.metadata_blocks if block.code != table.code]
    new.metadata_blocks.insert(1, table)
    new.seektable = table
    new.save()
