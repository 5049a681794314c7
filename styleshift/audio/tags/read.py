"""Reads all tags of a recording, whatever family they are of; a file may have several."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import mutagen
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import ID3NoHeaderError, ID3Tags
from mutagen.mp4 import MP4Tags

from styleshift.audio.containers.chunks import form_of
from styleshift.audio.containers.extent import Bytes, Link, Part, id3_length
from styleshift.audio.identify import kind_of
from styleshift.audio.tags.chunks import chunk_system, read_chunks
from styleshift.audio.tags.id3 import read_block, read_id3
from styleshift.audio.tags.model import APE, AT_END, ID3, ID3V1, MARK, MP4_TAGS, VORBIS, WMA, Tags
from styleshift.audio.tags.mp4 import read_mp4
from styleshift.audio.tags.others import read_ape, read_asf, read_by_ffmpeg
from styleshift.audio.tags.tail import id3_blocks, read_id3v1, read_tail
from styleshift.audio.tags.vorbis import read_vorbis
from styleshift.audio.tags.wave64 import SUMMARY, read_wave64

OWN = "its comment says that styleshift made it"
# Where mutagen knows the sound but no tags, or FFmpeg knows more.
_BY_FFMPEG = frozenset({"matroska", "caf", "au"})
_NO_TAG = (ID3NoHeaderError, APENoHeaderError)
_CHAPTERS_BY_FFMPEG = _BY_FFMPEG | {"m4a"}


def open_tags(file: Path | IO[bytes] | Part) -> Any:
    """What mutagen makes of a file; None where that is nothing."""
    try:
        return mutagen.File(file)
    except Exception:  # tags are a stranger's bytes, and mutagen lets many kinds of errors through
        return None


def has_comments(opened: Any) -> bool:
    """Whether what mutagen opened is of the family that has Vorbis comments."""
    return type(opened).__name__.startswith(("FLAC", "Ogg"))


def read_tags(path: Path) -> Tags:
    """All tags of a recording, in one view; those that cannot be read are none.

    A file may have several systems of tags. For each field one wins, and the others fill in what it lacks:
    first the container's own (Vorbis comments, MP4, ASF, Matroska; APEv2 where the sound is of that family),
    as all players of the format read it; then ID3v2, which players of MP3, WAV and AIFF ask first; then an
    APEv2 tag, and what else lies at the end; then ID3v1, whose texts are cut; last the text chunks of WAV and
    AIFF, and the summary of a W64. What the others say differently is in ``systems``.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return _Reader(file, file.fileno(), Link(0, size)).all()


def read_part_tags(file: int, link: Link) -> Tags:
    """As :func:`read_tags`, of one of several recordings that a file holds.

    Args:
        file: a descriptor.
        link: where the recording lies, with the tags before and behind it.
    """
    return _Reader(Part(file, link), file, link).all()


class _Reader:
    """Reads each family of tags that a file may have, which is opened once."""

    def __init__(self, file: IO[bytes] | Part, descriptor: int, link: Link) -> None:
        self._file = file
        self._view = Bytes(descriptor, link.start, link.end)
        tag = id3_length(self._view)
        self._kind = kind_of(self._view)
        self._behind: IO[bytes] | Part = file
        if tag and self._kind is not None and self._kind.reader == "pyav":
            # mutagen knows MP4 and others at the beginning of a file only, and so does FFmpeg.
            self._behind = Part(descriptor, replace(link, start=link.start + tag))
        self._opened = open_tags(self._behind)

    def all(self) -> Tags:
        found = Tags()
        kind = self._kind.name if self._kind is not None else ""
        # Elsewhere it is asked for chapters only, as another reader of the same.
        ffmpeg = f"{'Matroska' if kind == 'matroska' else kind.upper()} tags" if kind in _BY_FFMPEG else ""
        readers: list[tuple[str, Callable[[], Tags]]] = [
            (self._own_system(), self._of_file),
            *([(ffmpeg, self._of_ffmpeg)] if ffmpeg else []),
            *((name, partial(read_block, block)) for name, block in id3_blocks(self._view)),
            (APE, self._of_ape),
            (AT_END, partial(read_tail, self._view)),
            (ID3V1, partial(read_id3v1, self._view)),
            (chunk_system(self._view), partial(read_chunks, self._view)),
            (SUMMARY, partial(read_wave64, self._view)),
            *([] if ffmpeg else [("", self._of_ffmpeg)]),
        ]
        for system, reader in readers:
            try:
                found.update(reader(), system)
            except _NO_TAG:
                continue
            except Exception as error:  # see open_tags
                if not isinstance(error, OSError):
                    found.foreign.append(f"tags that cannot be read ({type(error).__name__})")
        return found

    def _own_system(self) -> str:
        tags = getattr(self._opened, "tags", None)
        names = ((ID3Tags, ID3), (MP4Tags, MP4_TAGS), (APEv2, APE), (ASFTags, WMA))
        return next((name for kind, name in names if isinstance(tags, kind)), VORBIS)

    def _of_file(self) -> Tags:
        opened = self._opened
        tags = getattr(opened, "tags", None)
        if isinstance(tags, ID3Tags):
            # One that lies elsewhere, as in DSF; in front, in chunks and of version 1 they are read apart.
            elsewhere = tags.version >= (2, 0) and not form_of(self._view) and not id3_blocks(self._view)
            return read_id3(tags) if elsewhere else Tags()
        if isinstance(tags, MP4Tags) or type(opened).__name__ == "MP4":
            return read_mp4(opened)
        if isinstance(tags, APEv2):
            return read_ape(tags)
        if isinstance(tags, ASFTags):
            return read_asf(tags)
        return read_vorbis(opened) if has_comments(opened) else Tags()

    def _of_ape(self) -> Tags:
        if isinstance(getattr(self._opened, "tags", None), APEv2):
            return Tags()
        self._file.seek(0)
        return read_ape(APEv2(self._file))

    def _of_ffmpeg(self) -> Tags:
        if self._kind is None or self._kind.name not in _CHAPTERS_BY_FFMPEG:
            return Tags()
        self._behind.seek(0)
        found = read_by_ffmpeg(self._behind, self._kind.containers[0].lower())
        return found if self._kind.name in _BY_FFMPEG else Tags(chapters=found.chapters)


def made_by_styleshift(path: Path) -> bool:
    """Whether a recording's comment says that it was converted; False where that cannot be told."""
    try:
        return is_marked(read_tags(path))
    except OSError:
        return False


def is_marked(tags: Tags) -> bool:
    """Whether a comment among them, in whichever system, says that the recording was converted."""
    return any(
        MARK in value
        for each in (tags, *(own for _, own in tags.systems))
        for name, values in each.fields.items()
        if name.partition(":")[0] == "comment"
        for value in values
    )
