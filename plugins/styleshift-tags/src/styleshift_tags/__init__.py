"""Styles by the tags of a music library, wherever its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from styleshift.hooks import AudioStream, DomainSpec, Recording, hookimpl, settings


@settings
class Options:
    """Options of the domain source ``tags``."""

    by: Literal["none", "genre", "artist", "albumartist", "composer", "album", "grouping", "year"] = "none"
    """The tag whose values are styles. With `none`, files stay in the styles of their folders alone."""
    least: int = Field(default=2, ge=1)
    """Values that fewer files have are no style."""
    rename: tuple[str, ...] = ()
    """Values to be taken for another, as `baroque=classical`, between commas."""


def find_tagged(options: Options, root: Path) -> Mapping[str, list[Recording]]:
    """The recordings below ``root``, at whatever depth, by the values of one of their tags.

    A file with several values is in several styles; one without is in none.

    Raises:
        ConfigError: ``rename`` is not of the form ``value=style``.
    """
    if options.by == "none":  # whoever has installed this may have folders of styles, too
        return {}
    from styleshift.audio.find import find_audio
    from styleshift_tags.values import renames, style_names

    renamed = renames(options.rename)
    styles: dict[str, list[Recording]] = {}
    for file in find_audio(root).files:
        name = file.relative_to(root).as_posix()
        for style in style_names(file, options.by, renamed):
            styles.setdefault(style, []).append(Recording(name, file, partial(_open, file)))
    return {style: found for style, found in styles.items() if len(found) >= options.least}


def _open(path: Path) -> AudioStream:
    from styleshift.audio.read import open_audio

    return open_audio(path, allow_cut=True)


@hookimpl
def styleshift_domains() -> list[DomainSpec]:
    """The domain source ``tags``."""
    return [DomainSpec("tags", "styles by genre, artist or another tag of the files", find_tagged, Options)]
