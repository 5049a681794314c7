"""Vorbis comments (FLAC, Ogg): fields, and pictures beside or within them."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

from mutagen.flac import FLAC, Picture

from styleshift.audio.tags.model import Tags, picture
from styleshift.audio.tags.table import is_stale
from styleshift.audio.things import Thing, ThingKind

PICTURE_KEY = "metadata_block_picture"
# Header, padding, seek table, comments, cue sheet, picture; others belong to some application.
_KNOWN_BLOCKS = frozenset({0, 1, 3, 4, 5, 6})
# How pictures were kept before that, without a word on their kind.
_OLD_PICTURE_KEY, _OLD_MIME_KEY = "coverart", "coverartmime"


def read_vorbis(file: Any) -> Tags:
    """The fields of a FLAC or Ogg file that mutagen opened."""
    found = Tags()
    starts: dict[str, float] = {}
    titles: dict[str, str] = {}
    old_mime = "image/jpeg"
    for key, value in file.tags or ():
        plain = key.lower()
        if is_stale(plain):
            found.stale.append(plain)
        elif plain == PICTURE_KEY:
            try:
                found.pictures.append(Picture(base64.b64decode(value)))
            except Exception:  # a stranger's bytes; the music is what counts
                found.foreign.append(Thing("a damaged picture", ThingKind.PICTURES))
        elif plain == _OLD_PICTURE_KEY:
            found.pictures.append(_old_picture(value, old_mime))
        elif plain == _OLD_MIME_KEY:
            old_mime = value
        elif plain.startswith("chapter") and plain[7:10].isdecimal():
            if len(plain) == 10:
                starts[plain] = _seconds(value)
            elif plain.endswith("name"):
                titles[plain[:10]] = value
            else:
                found.add(plain, value)
        else:
            found.add_named(plain, value)
    length = float(getattr(file.info, "length", 0.0) or 0.0)
    found.add_chapters([(start, titles.get(key, "")) for key, start in starts.items()], length)
    if isinstance(file, FLAC):
        found.pictures += file.pictures
        found.foreign += ["cue sheet"] if file.cuesheet is not None else []
        found.foreign += [
            f"FLAC block {block.code}" for block in file.metadata_blocks if block.code not in _KNOWN_BLOCKS
        ]
    return found


def _seconds(text: str) -> float:
    """A time as hours, minutes and seconds; NaN where it is none."""
    total = 0.0
    for part in text.split(":"):
        try:
            total = total * 60 + float(part)
        except ValueError:
            return math.nan
    return total


def _old_picture(value: str, mime: str) -> Any:
    try:
        return picture(base64.b64decode(value), mime)
    except ValueError:
        return picture(b"", mime)


def write_vorbis(file: Any, tags: Tags) -> None:
    """Give a FLAC or Ogg file that mutagen opened all fields and pictures; not saved yet."""
    if file.tags is None:
        file.add_tags()
    for name, values in tags.fields.items():
        if _writable(name):
            file.tags[name.upper()] = values
    file.tags += _chapters(tags)
    set_pictures(file, [picture for picture in tags.pictures if picture.data])


def _chapters(tags: Tags) -> list[tuple[str, str]]:
    made = []
    for number, chapter in enumerate(tags.chapters):
        minutes, seconds = divmod(chapter.start, 60)
        time = f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:{seconds:06.3f}"
        made += [(f"CHAPTER{number:03}", time), (f"CHAPTER{number:03}NAME", chapter.title)]
    return made


def _writable(name: str) -> bool:
    """Names of Vorbis comments are of ASCII, without ``=``."""
    return bool(name) and all(" " <= letter <= "}" and letter != "=" for letter in name)


def copy_vorbis(old: Any, new: Any, more: Tags) -> None:
    """The whole block of comments, in its order and with its letters, and all pictures; not saved yet.

    Args:
        old: the source, opened by mutagen.
        new: the target, opened by mutagen.
        more: what the source has in other tags alone, which becomes comments.
    """
    if new.tags is None:
        new.add_tags()
    pairs = [(key, value) for key, value in old.tags or () if not is_stale(key)]
    both_flac = isinstance(old, FLAC) and isinstance(new, FLAC)
    if isinstance(new, FLAC):
        pairs = [(key, value) for key, value in pairs if key.lower() != PICTURE_KEY]
    own = [(key, value) for key, value in new.tags if is_stale(key)]
    fields = more.fields.items()
    filled = [(name.upper(), value) for name, values in fields if _writable(name) for value in values]
    new.tags[:] = [*own, *pairs, *filled, *_chapters(more)]
    if isinstance(old, FLAC) or isinstance(new, FLAC) or more.pictures:
        set_pictures(new, more.pictures or read_vorbis(old).pictures)
    if both_flac:
        if old.cuesheet is not None and old.info.sample_rate == new.info.sample_rate:
            new.metadata_blocks.append(old.cuesheet)
            new.cuesheet = old.cuesheet
        new.metadata_blocks += [block for block in old.metadata_blocks if block.code not in _KNOWN_BLOCKS]


def set_pictures(file: Any, pictures: Iterable[Any]) -> None:
    """Give a file these pictures and no others."""
    if isinstance(file, FLAC):
        file.clear_pictures()
        for each in pictures:
            file.add_picture(each)
        return
    written = [base64.b64encode(picture.write()).decode("ascii") for picture in pictures]
    if written:
        file.tags[PICTURE_KEY] = written


def add_comment(file: Any, comment: str) -> None:
    """One comment more."""
    file.tags.append(("COMMENT", comment))
