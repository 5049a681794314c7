"""What the first bytes of a file say: which kind it is, and how much sound it promises."""

from __future__ import annotations

import os
import struct
from dataclasses import replace

from styleshift.audio.containers.extent import Bytes, Extent, Link, id3_length
from styleshift.audio.containers.mpeg import first_frame, frame_of, mpeg_extent
from styleshift.audio.formats import AudioFormat, format_held, recognised

# A file of endless short recordings is made to stop somebody.
_MOST_LINKS = 1000
HEAD_BYTES = 64
# What magic alone does not tell from pictures and films.
_FORMS = {b"RIFF": b"WAVE", b"RIFX": b"WAVE", b"RF64": b"WAVE", b"FORM": b"AIF"}
_PICTURES = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
# Two bytes are met by chance.
_LEAST_MAGIC = 3
_TEXT = frozenset(range(32, 127)) | frozenset(b"\t\n\r")


def kind_of(view: Bytes) -> AudioFormat | None:
    """The row of the format that a file holds, whatever it is called; an ID3 tag may come first."""
    row = recognised(view.at(id3_length(view), 16))
    if row is None and first_frame(view) >= 0:
        row = format_held("MP3")
    return row


def told_by(head: bytes) -> AudioFormat | None:
    """The row of the format that a file without an extension holds, by its first ``HEAD_BYTES``.

    Stricter than :func:`kind_of`, for no name says that it is a recording: no text, no picture, no AAC or
    AC-3 without a container, whose marks are too short. Of MPEG audio, layer III alone.
    """
    if _TEXT.issuperset(head):
        return None
    frame = frame_of(head[:4])
    if head[:3] == b"ID3" or (frame is not None and frame.kind[1] == 3):
        return format_held("MP3")
    row = recognised(head)
    if row is None or not head[8:].startswith(_FORMS.get(head[:4], b"")):
        return None
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURES:
        return None
    long = tuple(magic for magic in row.magic if len(magic) >= _LEAST_MAGIC)
    return row if head[row.magic_at :].startswith(long) else None


def extent_of(file: int) -> Extent:
    """What a file's container says about the sound in it; nothing, where it is damaged beyond that.

    Args:
        file: a descriptor, which is not moved.
    """
    starts, found = [0], _extent(Bytes(file))
    while found.follows and len(starts) < _MOST_LINKS:
        starts.append(starts[-1] + found.follows)
        found = _extent(Bytes(file, starts[-1]))
    if len(starts) == 1:
        return found
    ends = [*starts[1:], os.fstat(file).st_size]
    links = tuple(Link(start, end) for start, end in zip(starts, ends, strict=True))
    cut = found.cut or ("the last recording in it is not whole" if found.missing else "")
    return Extent(links, cut=cut, damage=found.damage, notes=found.notes)


def _extent(whole: Bytes) -> Extent:
    """What a recording says of itself, and offsets in the file; an ID3 tag may come before it."""
    tag = id3_length(whole)
    row = recognised(whole.at(tag, 16))
    reader = row.extent if row is not None else mpeg_extent
    try:
        found = reader(whole.behind(tag)) if reader is not None else Extent()
    except (struct.error, IndexError, ValueError, OverflowError):
        return Extent()  # a stranger's bytes; the decoder has the last word
    if not tag:
        return found
    links = tuple(replace(link, start=link.start + tag, end=link.end + tag) for link in found.links)
    return replace(found, links=links, follows=found.follows + tag if found.follows else 0)


def demuxer(view: Bytes) -> str | None:
    """The FFmpeg demuxer for what a file holds; None where no kind is known.

    Naming the demuxer keeps FFmpeg from guessing: a text file must not become a playlist that opens others.
    """
    row = kind_of(view)
    if row is None or not row.containers:
        return None
    name = row.containers[0].lower()
    return "wav" if name == "rf64" else name
