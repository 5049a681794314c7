"""Carries tags, pictures and chunks from one file to another, in whatever formats the two are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import mutagen
import mutagen.apev2
from mutagen.mp4 import MP4

from styleshift.audio.containers.extent import Bytes
from styleshift.audio.stream import refusal
from styleshift.audio.tags import id3, mp4, vorbis
from styleshift.audio.tags.chunks import append_chunks, copy_chunks, keep_mask, same_family, takes_chunks
from styleshift.audio.tags.compare import kept, lost
from styleshift.audio.tags.model import APE, ID3V1, ID3V2, INFO, MP4_TAGS, TEXT_CHUNKS, VORBIS, Tags
from styleshift.audio.tags.read import has_comments, open_tags, read_tags
from styleshift.audio.tags.seektable import add_seek_table
from styleshift.audio.tags.table import is_stale
from styleshift.audio.tags.tail import id3_blocks
from styleshift.audio.tags.wave64 import copy_wave64, is_wave64
from styleshift.system.files import insert


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
        copied, left = _write(before, source, target, comment, same_positions)
    except (mutagen.MutagenError, OSError, ValueError, OverflowError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        raise refusal(source, f"its tags cannot be written: {error}", reason="cannot write") from (
            cause if isinstance(cause, OSError) else error
        )
    after = read_tags(target)
    missing = [name for name in lost(before, after) if name not in copied and name not in after.foreign]
    gone = dict.fromkeys((*missing, *left))
    there = [name for name in (*kept(before, after), *copied) if name not in gone]
    dropped = [name for name in before.stale if name not in after.stale]
    return Carried(tuple(dict.fromkeys(there)), tuple(dict.fromkeys(dropped)), tuple(gone))


def _write(
    before: Tags, source: Path, target: Path, comment: str, same_positions: bool
) -> tuple[list[str], list[str]]:
    """Write all tags; the names of the chunks that were kept, and of those that were not.

    Systems of tags that the target keeps as they are keep what differs in them; what the others have, and
    these do not, goes among the target's own.
    """
    if is_wave64(target):
        return copy_wave64(source, target, comment, same_positions=same_positions)
    old, new = open_tags(source), open_tags(target)
    kind = takes_chunks(target)
    if kind:
        done: tuple[list[str], list[str]] = ([], [])
        alike = same_family(source, target)
        if alike:
            done = copy_chunks(source, target, same_positions=same_positions)
        if takes_chunks(source):
            keep_mask(source, target)
        more = before.beyond({*ID3V2, *([INFO, TEXT_CHUNKS] if alike else [])})
        name = b"ID3 " if kind == "AIFF" else b"id3 "
        append_chunks(target, [(name, block) for block in _id3_tags(before, source, comment, more)])
        return done
    if type(new).__name__ == "MP3":
        held = {*ID3V2, ID3V1, *([APE] if type(old).__name__ == "MP3" else [])}
        if block := b"".join(_id3_tags(before, source, comment, before.beyond(held))):
            insert(target, block)
        _copy_tail(source, target)
    elif type(new) is MP4:
        if type(old) is MP4:
            mp4.copy_mp4(old, new)
            mp4.write_mp4(new, before.beyond({MP4_TAGS}))
        else:
            mp4.write_mp4(new, before)
        if comment:
            mp4.add_comment(new, comment)
        new.save()
    elif has_comments(new):
        if has_comments(old):
            vorbis.copy_vorbis(old, new, before.beyond({VORBIS}))
        else:
            vorbis.write_vorbis(new, before)
        if comment:
            vorbis.add_comment(new, comment)
        new.save()
        if type(new).__name__ == "FLAC":
            add_seek_table(target)
    return [], []


def _id3_tags(before: Tags, source: Path, comment: str, more: Tags) -> list[bytes]:
    """The ID3 tags for the target: the source's own with ``more``, if they win there, else one of all."""
    with source.open("rb") as file:
        own = [block for _, block in id3_blocks(Bytes(file.fileno()))]
    first = not before.systems or before.systems[0][0] in ID3V2
    if own and first:
        made = [id3.copied(own[0], comment, more), *(id3.copied(block, "") for block in own[1:])]
        if made[0] is not None:
            return [block for block in made if block]
    told = before.beyond(())
    if comment:
        told.add("comment", comment)
    tag = id3.make_id3(told)
    for block in own:
        id3.add_foreign(tag, block)
    return [id3.to_bytes(tag)] if tag else []


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
