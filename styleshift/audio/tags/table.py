"""Which field has which name in which family of tags: one row a field, in ``fields.toml``.

The names of Vorbis comments, in small letters, stand for the field everywhere. What is in no row is carried
under its own name: ``TXXX`` in ID3, ``----:com.apple.iTunes`` in MP4.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Field:
    """One row.

    Attributes:
        name: in Vorbis comments, small letters.
        id3: frame, or ``TXXX:description``; empty: under its own name.
        mp4: atom, or ``:`` and a free-form name; empty: under its own name.
        ape: other names of it in APEv2 and ASF, small letters.
        info: chunk in a RIFF INFO list, or of an AIFF.
    """

    name: str
    id3: str = ""
    mp4: str = ""
    ape: tuple[str, ...] = ()
    info: tuple[str, ...] = ()


_TABLE = tomllib.loads(Path(__file__).with_name("fields.toml").read_text("utf-8"))

FIELDS: tuple[Field, ...] = tuple(
    Field(name, row.get("id3", ""), row.get("mp4", ""), tuple(row.get("ape", ())), tuple(row.get("info", ())))
    for name, row in _TABLE["fields"].items()
)

PAIRS = {name: (total, frame, atom) for name, (total, frame, atom) in _TABLE["pairs"].items()}
"""Number, its total, and where one frame or atom holds both."""

INVOLVED = ("engineer", "producer", "mixer", "arranger", "djmixer")
"""Roles that ID3 keeps in a list of involved people; all others are performers."""

NUMBERS_IN_MP4 = frozenset({"tmpo", "©mvi", "©mvc"})
FLAGS_IN_MP4 = frozenset({"cpil", "pgap"})

BY_NAME = {field.name: field for field in FIELDS}
BY_ID3 = {field.id3.upper(): field.name for field in FIELDS if field.id3}
BY_MP4 = {field.mp4: field.name for field in FIELDS if field.mp4 and not field.mp4.startswith(":")}
BY_FREE = {field.mp4[1:].lower(): field.name for field in FIELDS if field.mp4.startswith(":")}
BY_INFO = {name: field.name for field in FIELDS for name in field.info}
_BY_APE: dict[str, str] = {name: field.name for field in FIELDS for name in field.ape} | _TABLE["aliases"]

# What the sound's change makes untrue: gains, fingerprints, settings of the encoder, positions in the file.
_STALE = re.compile(
    r"replaygain|^r128_|^rg_|acoustid|mp3gain|iTunNORM|iTunSMPB|^RVA[2D]|^RGAD|^XRVA|^TSSE|^TENC|^TLEN|^TSIZ"
    r"|^encoder$|^encoder options$|^encodedby$|^encoded-by$|^©too|^MLLT|^ASPI|^SEEK|^PEAK|^WM/EncodingSet"
    r"|^major_brand$|^minor_version$|^compatible_brands$|^creation_time$|^handler_name$|^vendor_id$",
    re.IGNORECASE,
)


def is_stale(name: str) -> bool:
    """Whether a tag of this name is no longer true of a recording whose sound was changed."""
    return bool(_STALE.search(name))


def field_name(name: str) -> str:
    """The field that a name in Vorbis comments, APEv2, ASF or Matroska stands for."""
    plain = name.lower()
    if plain in BY_NAME:
        return plain
    return _BY_APE.get(plain, plain)
