"""Carries tags and covers from one file to another, in whatever formats the two are.

Between files of one family (Vorbis comments, ID3, MP4) every tag is carried as it is, unknown ones too;
between families through mediafile's table of fields. What the sound's change makes untrue is dropped:
ReplayGain and R128 gains, AcoustID fingerprints, encoder settings, gapless information.
"""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mutagen
import mutagen.flac
import soundfile
from mediafile import MediaFile, UnreadableFileError
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp3 import BitrateMode, MPEGInfo
from mutagen.mp4 import MP4Tags

from styleshift.audio.stream import shown
from styleshift.errors import AudioError

# What the comment of every conversion holds.
MARK = "converted with styleshift"

_STALE = re.compile(
    r"replaygain|^r128_|^rg_|acoustid|mp3gain|iTunNORM|iTunSMPB|^RVA[2D]|^RGAD|^TSSE|^TENC|^TLEN"
    r"|^encoder$|^encodedby$|^©too",
    re.IGNORECASE,
)
# mediafile's fields that are made of others, and would be written twice.
_DERIVED = frozenset({"year", "month", "day", "original_year", "original_month", "original_day", "art"})
_PICTURE: Any = mutagen.flac.Picture
_COVER_KEY = "metadata_block_picture"
# RIFF INFO and AIFF text chunks, by soundfile's names, where there is no ID3.
_CHUNK_FIELDS = {
    "title": "title",
    "artist": "artist",
    "album": "album",
    "genre": "genre",
    "copyright": "copyright",
    "comment": "comments",
}


def made_by_styleshift(path: Path) -> bool:
    """Whether a recording's comment says that it was converted; False where that cannot be told."""
    try:
        return MARK in (MediaFile(path).comments or "")
    except Exception:  # see _open
        return False


def bits_per_second(path: Path, seconds: float) -> float:
    """Of a recording of that length: as its header says where it can know, else by the size of the file.

    An MP3 says it in a header of its own (Xing, Info, VBRI), which old encoders and cutters leave out; then
    there is only the first frame's rate, which in a variable one may be a quarter of the mean.
    """
    info = getattr(_open(path), "info", None)
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


def copy_tags(source: Path, target: Path, comment: str = "") -> list[str]:
    """Give ``target`` the tags and covers of ``source``.

    Args:
        source: a recording; with no tags, or tags that cannot be read, nothing is carried.
        target: a recording that was just written, in any format.
        comment: a sentence added to the comment tag.

    Returns:
        What could not be carried, as short names; empty if all was. Stale tags do not count.

    Raises:
        AudioError: ``cannot write``: writing the tags failed, and ``target`` may be damaged.
    """
    lost: list[str] = []
    old = _open(source)
    new = _open(target)
    if new is None:
        return ["all tags: this format has none"] if old is not None and old.tags else []
    if new.tags is None:
        new.add_tags()
    if old is not None and old.tags:
        if _family(old) == _family(new) != "":
            _copy_raw(old, new)
            _save(new, target)
        else:
            lost += _copy_fields(source, target)
    elif old is None or not old.tags:
        _copy_chunks(source, target)
    if comment:
        _add_comment(target, comment)
    return lost


def _open(path: Path) -> Any:
    try:
        return mutagen.File(path)
    except Exception:  # tags are a stranger's bytes, and mutagen lets many kinds of errors through
        return None


def _family(file: Any) -> str:
    if isinstance(file.tags, ID3):
        return "id3"
    if isinstance(file.tags, MP4Tags):
        return "mp4"
    return "vorbis" if type(file).__name__.startswith(("FLAC", "Ogg")) else ""


def _copy_raw(old: Any, new: Any) -> None:
    if _family(new) == "id3":
        for key, frame in old.tags.items():
            if not _STALE.search(key.removeprefix("TXXX:")):
                new.tags.add(frame)
        return
    for key, values in old.tags.items():
        bare = key.rsplit(":", 1)[-1]
        if not _STALE.search(bare) and key.lower() != _COVER_KEY:
            new.tags[key] = values
    if _family(new) == "vorbis":
        _set_covers(new, list(_covers(old)))


def _covers(file: Any) -> Iterable[Any]:
    if isinstance(file, FLAC):
        yield from file.pictures
        return
    for text in file.tags.get(_COVER_KEY, []):
        try:
            yield _PICTURE(base64.b64decode(text))
        except Exception:  # a damaged cover is left out; the music is what counts
            continue


def _set_covers(file: Any, covers: list[Any]) -> None:
    if type(file).__name__ == "FLAC":
        file.clear_pictures()
        for cover in covers:
            file.add_picture(cover)
    elif covers:
        file.tags[_COVER_KEY] = [base64.b64encode(cover.write()).decode("ascii") for cover in covers]


def _copy_fields(source: Path, target: Path) -> list[str]:
    try:
        old = MediaFile(source)
        wanted = {
            name: value
            for name, value in old.as_dict().items()
            if value not in (None, "", [], b"") and name not in _DERIVED and not _STALE.search(name)
        }
    except Exception as error:  # see _open
        return [f"all tags: {type(error).__name__}"]
    new = _media(target)
    if new is None:
        return sorted(wanted)
    new.update(wanted)
    _save(new, target)
    written = _media(target)
    if written is None:
        return sorted(wanted)
    return sorted(name for name in wanted if getattr(written, name, None) in (None, "", [], b""))


def _copy_chunks(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as file, soundfile.SoundFile(file) as sound:
            texts = sound.copy_metadata()
    except Exception:  # no WAV or AIFF, or a damaged one: no text in it
        return
    fields = {_CHUNK_FIELDS[name]: text for name, text in texts.items() if name in _CHUNK_FIELDS and text}
    new = _media(target)
    if fields and new is not None:
        new.update(fields)
        _save(new, target)


def _add_comment(target: Path, comment: str) -> None:
    new = _media(target)
    if new is not None:
        new.comments = f"{new.comments}\n{comment}" if new.comments else comment
        _save(new, target)


def _media(path: Path) -> MediaFile | None:
    try:
        return MediaFile(path)
    except UnreadableFileError:  # a format that mediafile does not tag
        return None


def _save(file: Any, path: Path) -> None:
    try:
        file.save()
    except (mutagen.MutagenError, UnreadableFileError, OSError, ValueError) as error:
        raise AudioError(
            f"{shown(path)}: its tags cannot be written: {error}", reason="cannot write"
        ) from error
