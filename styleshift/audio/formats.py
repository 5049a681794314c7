"""The audio formats, from which finding, planning, reading, writing and messages derive: ``formats.toml``.

To add a format that is read, or that libsndfile writes, add a row to it; nothing else in the package names an
extension. PyAV writes M4A alone, see :mod:`styleshift.audio.write`. Light to import: no decoder.
"""

from __future__ import annotations

import importlib.util
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from styleshift.audio.containers import boxes, chunks, flac, mpeg, ogg, plain
from styleshift.audio.containers.extent import Bytes, Extent
from styleshift.errors import UsageError


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """A container and an encoding to write.

    Attributes:
        name: what the option ``audio_format`` and messages say.
        container: libsndfile's name, or ``M4A``.
        subtype: libsndfile's name, or FFmpeg's codec name in an M4A.
        extension: with the dot.
        lossy: what is read back is not exactly what was written.
        compression_level: libsndfile's, 0.0 (largest file) to 1.0.
        bitrate_mode: libsndfile's, of MP3.
        bits_per_second: of an M4A; None: its encoder's default.
        bits: of a sample, where the subtype does not say: of ALAC.
        rates: sample rates that it takes, Hz, ascending; empty: any up to ``highest_rate``.
        highest_rate: Hz.
    """

    name: str
    container: str
    subtype: str
    extension: str
    lossy: bool = False
    compression_level: float | None = None
    bitrate_mode: str | None = None
    bits_per_second: int | None = None
    bits: int = 0
    rates: tuple[int, ...] = ()
    highest_rate: int = 768_000


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One row: all that is known about a format.

    Attributes:
        name: a word for messages and the option ``audio_format``.
        extensions: lower-case, with the dot; the first is what is written.
        reader: which decoder opens it first.
        containers: the decoder's names for it, as in :class:`styleshift.audio.stream.AudioInfo`. The first,
            in small letters, is FFmpeg's name of the demuxer.
        magic: what its files begin with; any of these tells it.
        magic_at: bytes that come before.
        lossless: None: that depends on the codec in it.
        output: what is written under its name; None: it is read only, or written only as what a source is.
        becomes: name of the format that ``same`` writes in its place, where it cannot be written.
        kilobytes: that a second of music takes, about.
        work: of writing it, next to all the rest of a conversion.
        tagged: whether what is written in it has tags, and so a comment that says whose it is.
        browsers: the encodings in it that both Chromium and Firefox play, by the decoder's names.
        media: its type as servers name it to browsers; empty where browsers play none of it.
        extent: reads what its container says about the sound in it; None: it says nothing that is read.
    """

    name: str
    extensions: tuple[str, ...]
    reader: Literal["soundfile", "pyav"]
    containers: tuple[str, ...] = ()
    magic: tuple[bytes, ...] = ()
    magic_at: int = 0
    lossless: bool | None = None
    output: OutputFormat | None = None
    becomes: str = ""
    kilobytes: float = 20.0
    work: float = 0.0
    tagged: bool = True
    browsers: tuple[str, ...] = ()
    media: str = ""
    extent: Callable[[Bytes], Extent] | None = None

    @property
    def open_ended(self) -> bool:
        """Whether what ``same`` writes depends on the codec in it, and with it the extension."""
        return self.lossless is None and (bool(self.becomes) or self.name in ("ogg", "caf"))


UNCOMPRESSED = 170.0
"""Kilobytes of a second of CD sound."""

ALAC = OutputFormat("m4a", "M4A", "alac", ".m4a", highest_rate=384_000)
"""What lossless sound in an MP4 is written as."""

_EXTENTS = {
    name: reader
    for module in (boxes, chunks, flac, mpeg, ogg, plain)
    for name, reader in vars(module).items()
    if name.endswith("_extent")
}


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _format(name: str, row: dict[str, Any]) -> AudioFormat:
    """One table of ``formats.toml``."""
    row["magic"] = [letters.encode("latin-1") for letters in row.get("magic", ())]
    if "extent" in row:
        row["extent"] = _EXTENTS[row["extent"]]
    if "output" in row:
        output = {"container": name.upper(), "extension": f".{name}", **_tuples(row["output"])}
        row["output"] = OutputFormat(name, **output)
    return AudioFormat(name, **_tuples(row))


_ROWS = tomllib.loads(Path(__file__).with_name("formats.toml").read_text("utf-8"))
TABLE: tuple[AudioFormat, ...] = tuple(_format(name, row) for name, row in _ROWS.items())

UNREADABLE: dict[str, str] = {
    ".ofr": "OptimFROG, which only its own program decodes",
    ".ofs": "OptimFROG, which only its own program decodes",
    ".aa": "an Audible book, which is encrypted",
    ".aax": "an Audible book, which is encrypted",
    ".mid": "notes for a synthesiser, no sound",
    ".midi": "notes for a synthesiser, no sound",
}
"""Extensions of recordings that nothing here can read, with the reason."""

FORMATS: dict[str, OutputFormat] = {row.name: row.output for row in TABLE if row.output is not None}
"""What the option ``audio_format`` can name."""

AUDIO_EXTENSIONS: frozenset[str] = frozenset(end for row in TABLE for end in row.extensions)
"""What is taken for a recording when a folder is walked."""

_BY_EXTENSION = {end: row for row in TABLE for end in row.extensions}
_BY_CONTAINER = {container: row for row in TABLE for container in row.containers}
_LOSSLESS_CODECS = frozenset(
    {"alac", "ape", "wavpack", "tak", "tta", "wmalossless", "flac", "mlp", "truehd", "als", "shorten"}
)
_LOSSLESS_SUBTYPES = ("PCM_", "FLOAT", "DOUBLE", "ALAC", "DWVW")


DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}
"""Bits of a sample by libsndfile's names of encodings."""


def format_of(name: str | PurePath) -> AudioFormat | None:
    """The row of a file's extension, in any case; None where none has it."""
    return _BY_EXTENSION.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - pathlib takes five times as long


def format_held(container: str) -> AudioFormat | None:
    """The row of a container, by its decoder's name for it."""
    return _BY_CONTAINER.get(container)


def recognised(head: bytes) -> AudioFormat | None:
    """The row whose magic the first bytes of a file are."""
    return next((row for row in TABLE if head[row.magic_at :].startswith(row.magic)), None)


def plays_in_browsers(container: str, subtype: str) -> bool:
    """Whether both Chromium and Firefox play an encoding in a container, by the decoder's names for these."""
    row = format_held(container)
    return row is not None and subtype in row.browsers


def media_type(container: str) -> str:
    """What a server tells browsers that a container is, by its decoder's name; empty: none play it."""
    row = format_held(container)
    return "" if row is None else row.media


def is_lossless(subtype: str) -> bool:
    """Whether an encoding, by libsndfile's name or FFmpeg's, gives back every bit.

    WavPack's hybrid mode counts as lossless: there is nothing better to write it as.
    """
    return subtype.startswith((*_LOSSLESS_SUBTYPES, "pcm_", "dsd_")) or subtype in _LOSSLESS_CODECS


def output_format(name: str) -> OutputFormat:
    """The format that a person names, or an extension.

    Raises:
        UsageError: there is no such format.
    """
    plain = name.lower().lstrip(".")
    row = _BY_EXTENSION.get(f".{plain}")
    found = FORMATS.get(plain) or (row.output if row is not None else None)
    if found is None:
        raise UsageError(f"format is {name!r}; it may be {', '.join(FORMATS)} or same")
    return found


def same_extension(name: str) -> str:
    """The extension, with the dot, that the output of a file of this name has under the format ``same``."""
    suffix = os.path.splitext(name)[1]  # noqa: PTH122
    row = format_of(name)
    if row is None or row.becomes:
        return FORMATS[row.becomes if row is not None else "m4a"].extension
    return suffix


def has_pyav() -> bool:
    """Whether PyAV is installed, which comes with the extra ``m4a``."""
    return importlib.util.find_spec("av") is not None


def readable() -> str:
    """A sentence for whoever has no recording that can be read."""
    plain = ", ".join(row.name.upper() for row in TABLE if row.reader == "soundfile" and row.output)
    more = "" if has_pyav() else " with `pip install 'styleshift[m4a]'`"
    return f"{plain} are read, and M4A and others{more}"
