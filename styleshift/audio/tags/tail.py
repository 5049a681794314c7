"""Where ID3 tags lie, and tags at the end of an MP3: Lyrics3v2, ID3v2.4 with a footer, ID3v1."""

from __future__ import annotations

from mutagen.id3 import ID3, ParseID3v1

from styleshift.audio.containers.chunks import form_of
from styleshift.audio.containers.extent import Bytes, id3_length, syncsafe
from styleshift.audio.tags.chunks import id3_chunks
from styleshift.audio.tags.id3 import read_block, read_id3
from styleshift.audio.tags.model import ID3V2, Tags

_LYRICS3_END = b"LYRICS200"
_LYRICS3_BEGIN = b"LYRICSBEGIN"
_FOOTER_BYTES = 10
# Flags; and texts that are in the ID3v1 tag, too, if not as long.
_SAID_ELSEWHERE = ("IND", "ETT", "EAR", "EAL")


def id3_blocks(file: Bytes) -> list[tuple[str, bytes]]:
    """The ID3v2 tags in chunks or one behind the other at the beginning, each with its name in a report."""
    blocks, position = id3_chunks(file), 0
    while not form_of(file) and (length := id3_length(file, position)):
        blocks.append(file.at(position, length))
        position += length
    return [(ID3V2[min(number, len(ID3V2) - 1)], block) for number, block in enumerate(blocks)]


def read_id3v1(file: Bytes) -> Tags:
    """The fields of an ID3v1 tag, the last 128 bytes of any file but one of chunks."""
    end = file.read(128, max(0, file.size - 128))
    if end[:3] != b"TAG" or end[:5] == b"TAGEX" or len(end) < 128 or form_of(file):
        return Tags()
    tags = ID3()
    for frame in (ParseID3v1(end) or {}).values():
        tags.add(frame)
    return read_id3(tags)


def read_tail(file: Bytes) -> Tags:
    """What is there, in front of an ID3v1 tag or at the very end; nothing where none is."""
    end = file.size
    if file.at(max(0, end - 128), 3) == b"TAG":
        end -= 128
    if file.at(max(0, end - 9), 9) == _LYRICS3_END:
        return _lyrics3(file, end)
    if file.at(max(0, end - _FOOTER_BYTES), 3) == b"3DI":
        start = end - 2 * _FOOTER_BYTES - syncsafe(file.at(end - 4, 4))
        if start >= 0 and file.at(start, 3) == b"ID3":
            return read_block(file.read(end - start, start))
    return Tags()


def _lyrics3(file: Bytes, end: int) -> Tags:
    """Fields of three letters and five digits, the length: id3.org, "Lyrics3 v2.00"."""
    found = Tags()
    told = file.at(end - 15, 6)
    start = end - 15 - int(told) if told.isdigit() else -1
    body = file.read(end - 15 - start, start) if start >= 0 else b""
    if not body.startswith(_LYRICS3_BEGIN):
        found.foreign.append("Lyrics3")
        return found
    position = len(_LYRICS3_BEGIN)
    while position + 8 <= len(body) and body[position + 3 : position + 8].isdigit():
        name = body[position : position + 3].decode("latin-1")
        length = int(body[position + 3 : position + 8])
        text = body[position + 8 : position + 8 + length].decode("cp1252", "replace").strip()
        if name in ("LYR", "INF"):
            found.add("lyrics" if name == "LYR" else "comment:Lyrics3", text)
        elif text and name not in _SAID_ELSEWHERE:
            found.foreign.append(f"Lyrics3 {name}")
        position += 8 + length
    return found
