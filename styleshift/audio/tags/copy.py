"""Carries tags, pictures and chunks from one file to another, in whatever formats the two are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import mutagen
import mutagen.apev2
from mutagen.mp4 import MP4

from styleshift.audio.containers.extent import Bytes, id3_length
from styleshift.audio.stream import refusal
from styleshift.audio.tags import id3, mp4, vorbis
from styleshift.audio.tags.chunks import append_chunks, copy_chunks, id3_chunk, keep_mask, takes_chunks
from styleshift.audio.tags.model import Tags, lost
from styleshift.audio.tags.read import has_comments, open_tags, read_tags
from styleshift.audio.tags.seektable import add_seek_table
from styleshift.audio.tags.table import is_stale

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a recording's tags, by name.

    Attributes:
        kept: there as before.
        dropped: left out because it is no longer true, such as ReplayGain.
        lost: could not be carried.
    """

    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def copy_tags(
    source: Path,
    target: Path,
    comment: str = "",
    *,
    same_positions: bool = True,
    before: Tags | None = None,
) -> Carried:
    """Give ``target`` the tags, pictures and chunks of ``source``.

    Args:
        source: a recording; with no tags, or tags that cannot be read, nothing is carried.
        target: a recording that was just written, in any format.
        comment: a sentence that becomes one more comment; those that are there stay as they are.
        same_positions: what counts samples still holds.
        before: the tags of ``source``, where they were read already.

    Raises:
        AudioError: ``cannot write``: writing the tags failed, and ``target`` may be damaged.
    """
    before = read_tags(source) if before is None else before
    try:
        chunks = _write(before, source, target, comment, same_positions)
    except (mutagen.MutagenError, OSError, ValueError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        raise refusal(source, f"its tags cannot be written: {error}", reason="cannot write") from (
            cause if isinstance(cause, OSError) else error
        )
    after = read_tags(target)
    missing = [name for name in lost(before, after) if name not in chunks[0] and name not in after.foreign]
    gone = dict.fromkeys((*missing, *chunks[1]))
    kept = [name for name in (*before.names(), *chunks[0]) if name not in gone]
    dropped = [name for name in before.stale if name not in after.stale]
    return Carried(tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(dropped)), tuple(gone))


def _write(
    before: Tags, source: Path, target: Path, comment: str, same_positions: bool
) -> tuple[list[str], list[str]]:
    """Write all tags; the names of the chunks that were kept, and of those that were not."""
    new = open_tags(target)
    kind = takes_chunks(target)
    if kind or type(new).__name__ == "MP3":
        block = _id3_block(before, source, comment)
        if kind:
            done: tuple[list[str], list[str]] = ([], [])
            if takes_chunks(source):
                done = copy_chunks(source, target, same_positions=same_positions)
                keep_mask(source, target)
            append_chunks(target, [(b"ID3 " if kind == "AIFF" else b"id3 ", block)] if block else [])
            return done
        if block:
            _insert(target, block)
        _copy_tail(source, target)
    elif type(new) is MP4:
        old = open_tags(source)
        if type(old) is MP4:
            mp4.copy_mp4(old, new)
        else:
            mp4.write_mp4(new, before)
        if comment:
            mp4.add_comment(new, comment)
        new.save()
    elif has_comments(new):
        old = open_tags(source)
        if has_comments(old):
            vorbis.copy_vorbis(old, new, before)
        else:
            vorbis.write_vorbis(new, before)
        if comment:
            vorbis.add_comment(new, comment)
        new.save()
        if type(new).__name__ == "FLAC":
            add_seek_table(target)
    return [], []


def _id3_block(before: Tags, source: Path, comment: str) -> bytes:
    """The ID3 tag that the target gets: the source's own, if it has one, else one of its fields."""
    with source.open("rb") as file:
        view = Bytes(file.fileno())
        own = id3_chunk(view) or view.at(0, id3_length(view))
    made = id3.copied(own, comment) if own else None
    if made is not None:
        return made
    told = Tags(dict(before.fields), before.pictures, before.chapters)
    if comment:
        told.add("comment", comment)
    return id3.to_bytes(id3.make_id3(told)) if told else b""


def _insert(path: Path, data: bytes) -> None:
    """Put bytes before a file, moving it block by block from its end."""
    with path.open("r+b") as file:
        position = file.seek(0, os.SEEK_END)
        while position > 0:
            start = max(0, position - _BLOCK_BYTES)
            file.seek(start)
            block = file.read(position - start)
            file.seek(start + len(data))
            file.write(block)
            position = start
        file.seek(0)
        file.write(data)


def _copy_tail(source: Path, target: Path) -> None:
    """What an MP3 has behind its sound: an APEv2 tag, and ID3v1 as the last 128 bytes."""
    try:
        old = mutagen.apev2.APEv2(source)
    except mutagen.MutagenError:
        old = None
    if old is not None and type(open_tags(source)).__name__ == "MP3":
        for key in [key for key in old if is_stale(key)]:
            del old[key]
        if old:
            old.save(target)
    with source.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 128))
        end = file.read()
    if end[:3] == b"TAG" and len(end) == 128:
        with target.open("ab") as file:
            file.write(end)
