"""What the output of a file is called: its extension tells the truth, and its length fits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from styleshift.audio.containers.extent import Bytes, id3_length
from styleshift.audio.containers.ogg import codec_of
from styleshift.audio.formats import format_of, recognised, same_extension

# Most file systems take names of so many bytes.
_MOST_BYTES = 255
_DIGITS = 8


def output_extension(source: Path) -> str:
    """The extension, with the dot, that the output of a file has under the format ``same``.

    By its name, as far as that tells: a ``.wma`` may be lossless, an ``.ogg`` may hold what cannot be written
    as such, and a name may be wrong. Then the file is opened.
    """
    named = same_extension(source.name)
    row = format_of(source)
    try:
        with source.open("rb") as file:
            view = Bytes(file.fileno())
            head = view.at(id3_length(view), 64)
            held = recognised(head)
    except OSError:
        return named
    # An MP3 has no first bytes of its own; under a name that says nothing, it is found by opening it.
    if row is not None and (held is None or (held.name == row.name and not row.open_ended)):
        return named
    plain = head[:4] == b"OggS" and codec_of(head[27 + head[26] :]) in ("vorbis", "opus")
    if plain and row is not None and row.name in ("ogg", "opus"):
        return named
    return _by_content(source, named)


def _by_content(source: Path, named: str) -> str:
    from styleshift.audio.encoding import belongs, same_format
    from styleshift.audio.read import glance
    from styleshift.errors import AudioError

    try:
        format = same_format(glance(source), Path())
    except (AudioError, OSError):
        return named  # the conversion will say what is wrong
    return named if belongs(format, Path(f"x{named}")) else format.extension or named


def fitting(name: str) -> str:
    """A file's name, or if that is too long for a file system, its beginning and a mark that it alone has.

    Args:
        name: POSIX path; what is shortened is its last part.
    """
    path = PurePosixPath(name)
    if len(os.fsencode(path.name)) <= _MOST_BYTES:
        return name
    mark = "~" + hashlib.sha256(os.fsencode(path.name)).hexdigest()[:_DIGITS] + path.suffix
    stem = path.stem
    while len(os.fsencode(stem + mark)) > _MOST_BYTES:
        stem = stem[:-1]
    return str(path.with_name(stem + mark))
