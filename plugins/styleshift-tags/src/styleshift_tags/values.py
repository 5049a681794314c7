"""From the tags of a file to the names of styles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import mediafile

from styleshift.errors import ConfigError

# Where a tag holds several values, mediafile calls it by another name.
_SEVERAL = {"genre": "genres", "artist": "artists", "albumartist": "albumartists", "composer": "composers"}
# What taggers write between the values of a tag that can hold but one: "Jazz; Bebop", "Rock / Pop".
_BETWEEN = re.compile(r"\s*[;/\0]\s*|\s*,\s+")


def style_names(file: Path, tag: str, renamed: Mapping[str, str]) -> list[str]:
    """The styles that a file is of, each once; none where it has no such tag or cannot be read."""
    try:
        media = mediafile.MediaFile(file)
    except (mediafile.UnreadableFileError, OSError):  # precompute tells of a file that is damaged
        return []
    found = getattr(media, _SEVERAL.get(tag, tag), None) or getattr(media, tag, None)
    values = found if isinstance(found, list | tuple) else [found]
    parts = [part for value in values if value not in (None, "") for part in _parts(str(value), tag)]
    names = [style_name(part) for part in parts]
    return list(dict.fromkeys(renamed.get(name, name) for name in names if name))


def style_name(value: str) -> str:
    """A value as the name of a folder: lower-case, words with dashes between them."""
    return re.sub(r"[^\w&+]+", "-", value.casefold()).strip("-_")


def renames(words: Iterable[str]) -> dict[str, str]:
    """``value=style`` words as a table.

    Raises:
        ConfigError: a word of another form.
    """
    table = {}
    for word in words:
        value, equals, style = word.partition("=")
        if not equals or not style_name(value) or not style_name(style):
            raise ConfigError(f"tags.rename has {word!r}", "write value=style, as baroque=classical")
        table[style_name(value)] = style_name(style)
    return table


def _parts(value: str, tag: str) -> list[str]:
    # An artist may have a comma or a stroke in the name (AC/DC); a genre has not.
    return _BETWEEN.split(value) if tag == "genre" else [value]
