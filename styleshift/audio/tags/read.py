"""Reads all tags of a recording, whatever family they are of; a file may have several."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import mutagen
import mutagen.apev2
import mutagen.id3
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

from styleshift.audio.container import kind_of
from styleshift.audio.tags.chunks import id3_chunk, read_chunks
from styleshift.audio.tags.id3 import block_of, read_id3
from styleshift.audio.tags.model import MARK, Tags
from styleshift.audio.tags.mp4 import read_mp4
from styleshift.audio.tags.others import read_ape, read_asf, read_by_ffmpeg
from styleshift.audio.tags.vorbis import read_vorbis

_ID3: Any = mutagen.id3.ID3
_APE: Any = mutagen.apev2.APEv2
# Where mutagen knows the sound but no tags, or FFmpeg knows more.
_BY_FFMPEG = frozenset({"matroska"})
_CHAPTERS_BY_FFMPEG = frozenset({"m4a", "matroska"})


def open_tags(path: Path) -> Any:
    """What mutagen makes of a file; None where that is nothing."""
    try:
        return mutagen.File(path)
    except Exception:  # tags are a stranger's bytes, and mutagen lets many kinds of errors through
        return None


def read_tags(path: Path) -> Tags:
    """All tags of a recording; those that cannot be read are none.

    An ID3 tag goes before an APEv2 tag of the same file, and both before texts in chunks.
    """
    found = Tags()
    readers = (_of_file, _of_id3, _of_ape, read_chunks, _of_ffmpeg)
    for reader in readers:
        try:
            found.update(reader(path))
        except Exception as error:  # see open_tags
            if not isinstance(error, (OSError, mutagen.MutagenError)):
                found.foreign.append(f"tags that cannot be read ({type(error).__name__})")
    return found


def _of_file(path: Path) -> Tags:
    file = open_tags(path)
    if file is None:
        return read_id3(_ID3(path))  # before a format that mutagen does not expect it in
    if isinstance(file.tags, ID3):
        return read_id3(file.tags)
    if isinstance(file.tags, MP4Tags) or type(file).__name__ == "MP4":
        return read_mp4(file)
    if isinstance(file.tags, APEv2):
        return read_ape(file.tags)
    if isinstance(file.tags, ASFTags):
        return read_asf(file.tags)
    if type(file).__name__.startswith(("FLAC", "Ogg")):
        return read_vorbis(file)
    if block := id3_chunk(path):
        return read_id3(_ID3(io.BytesIO(block)))
    with contextlib.suppress(mutagen.MutagenError):
        return read_id3(_ID3(path))
    return Tags()


def _of_id3(path: Path) -> Tags:
    """An ID3 tag before a format that has tags of its own, such as FLAC."""
    return read_id3(_ID3(path)) if block_of(path) and _has_own_tags(path) else Tags()


def _has_own_tags(path: Path) -> bool:
    return type(open_tags(path)).__name__.startswith(("FLAC", "Ogg", "MP4"))


def _of_ape(path: Path) -> Tags:
    file = open_tags(path)
    if isinstance(getattr(file, "tags", None), APEv2) or type(file).__name__.startswith(
        ("FLAC", "Ogg", "MP4")
    ):
        return Tags()
    try:
        return read_ape(_APE(path))
    except mutagen.MutagenError:
        return Tags()


def _of_ffmpeg(path: Path) -> Tags:
    with path.open("rb") as file:
        row = kind_of(file.fileno())
    if row is None or row.name not in _CHAPTERS_BY_FFMPEG:
        return Tags()
    found = read_by_ffmpeg(path, row.containers[0].lower())
    return found if row.name in _BY_FFMPEG else Tags(chapters=found.chapters)


def made_by_styleshift(path: Path) -> bool:
    """Whether a recording's comment says that it was converted; False where that cannot be told."""
    fields = read_tags(path).fields
    return any(
        MARK in value
        for name, values in fields.items()
        if name.partition(":")[0] == "comment"
        for value in values
    )
