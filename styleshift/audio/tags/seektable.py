"""A seek table for a FLAC that was just written: without one, players search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mutagen.flac

from styleshift.audio.containers.extent import Bytes
from styleshift.audio.containers.flac import frame_at, stream_info

_SECONDS = 10.0
_SEARCH_BYTES = 1 << 17
_FLAC: Any = mutagen.flac.FLAC
_SEEK_POINT: Any = mutagen.flac.SeekPoint
_SEEK_TABLE: Any = mutagen.flac.SeekTable


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
            data, position = file.at(begin, _SEARCH_BYTES), -1
            while (position := data.find(b"\xff", position + 1)) >= 0:
                found = frame_at(data, position, info)
                if found is not None and found[0] < info.total:
                    points.append(_SEEK_POINT(found[0], begin + position - info.sound, found[1]))
                    break
    table = _SEEK_TABLE(None)
    table.seekpoints = sorted(set(points))
    new: Any = _FLAC(path)
    new.metadata_blocks = [block for block in new.metadata_blocks if block.code != table.code]
    new.metadata_blocks.insert(1, table)
    new.seektable = table
    new.save()
