"""The audio formats: one row each, from which finding, planning, reading, writing and messages derive.

To add a format, add a row; nothing else in the package names an extension. Light to import: no decoder.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from styleshift.audio.containers import plain
from styleshift.audio.containers.boxes import asf_extent, matroska_extent, mp4_extent
from styleshift.audio.containers.chunks import au_extent, caf_extent, chunk_extent, w64_extent
from styleshift.audio.containers.extent import Bytes, Extent
from styleshift.audio.containers.flac import flac_extent
from styleshift.audio.containers.mpeg import adts_extent, mpeg_extent
from styleshift.audio.containers.ogg import ogg_extent
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
        extent: reads what its container says about the sound in it; None: it says nothing that is read.
    """

    name: str
    extensions: tuple[str, ...]
    reader: Literal["soundfile", "pyav"]
    containers: tuple[str, ...]
    magic: tuple[bytes, ...] = ()
    magic_at: int = 0
    lossless: bool | None = False
    output: OutputFormat | None = None
    becomes: str = ""
    kilobytes: float = 20.0
    work: float = 0.0
    extent: Callable[[Bytes], Extent] | None = None

    @property
    def open_ended(self) -> bool:
        """Whether what ``same`` writes depends on the codec in it, and with it the extension."""
        return self.lossless is None and (bool(self.becomes) or self.name in ("ogg", "caf"))


_MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_AAC_RATES = (7350, *_MPEG_RATES, 64000, 88200, 96000)
UNCOMPRESSED = 170.0
"""Kilobytes of a second of CD sound."""


def _written(name: str, subtype: str = "PCM_16", container: str = "", **more: Any) -> OutputFormat:
    return OutputFormat(name, container or name.upper(), subtype, f".{name}", **more)


def _row(name: str, extensions: str, containers: str, *magic: bytes, **more: Any) -> AudioFormat:
    """A row, of what libsndfile reads unless told; extensions and containers are the words of a text."""
    row = {"reader": "soundfile", "lossless": None, **more}
    return AudioFormat(
        name, tuple(extensions.split()), containers=tuple(containers.split()), magic=magic, **row
    )


def _by_pyav(name: str, extensions: str, containers: str, *magic: bytes, **more: Any) -> AudioFormat:
    """A row of what PyAV reads: it becomes FLAC where it is lossless, else M4A."""
    row = {"lossless": False, "becomes": "flac" if more.get("lossless") else "m4a", **more}
    return _row(name, extensions, containers, *magic, reader="pyav", **row)


ALAC = _written("m4a", "alac", "M4A", highest_rate=384_000)
"""What lossless sound in an MP4 is written as."""

# Vorbis quality 6 (about 192 kbit/s in stereo) and LAME VBR near V2: transparent for most ears, so that what
# is heard is the conversion. The levels are libsndfile's: 1 - quality / 10, and VBR quality / 10.
_VORBIS = _written("ogg", "VORBIS", lossy=True, compression_level=0.4)
_MP3 = _written(
    "mp3", "MPEG_LAYER_III", lossy=True, compression_level=0.2, bitrate_mode="VARIABLE", rates=_MPEG_RATES
)
_OPUS = _written("opus", "OPUS", "OGG", lossy=True, rates=_OPUS_RATES)
_M4A = _written("m4a", "aac", "M4A", lossy=True, rates=_AAC_RATES)
_WAV = _written("wav")
_FLAC = _written("flac", highest_rate=655_350)
_M4A_ENDINGS = ".m4a .m4b .mp4 .m4r .m4p .3gp .3g2"
# AAC in ADTS frames: twelve ones, then layer 00 (an MP3 frame has another layer).
_ADTS = b"\xff\xf0", b"\xff\xf1", b"\xff\xf8", b"\xff\xf9"
_PCM = {"kilobytes": UNCOMPRESSED}
_LOSSLESS = {"kilobytes": 90, "lossless": True}

TABLE: tuple[AudioFormat, ...] = (
    _row("wav", ".wav .wave", "WAV WAVEX", b"RIFF", b"RIFX", output=_WAV, extent=chunk_extent, **_PCM),
    _row("flac", ".flac", "FLAC", b"fLaC", output=_FLAC, extent=flac_extent, **_LOSSLESS),
    _row("aiff", ".aiff .aif .aifc", "AIFF", b"FORM", output=_written("aiff"), extent=chunk_extent, **_PCM),
    _row("mp3", ".mp3", "MP3", lossless=False, output=_MP3, kilobytes=28, work=1.0, extent=mpeg_extent),
    _row("ogg", ".ogg .oga", "OGG", b"OggS", output=_VORBIS, extent=ogg_extent),
    _row("opus", ".opus", "", lossless=False, output=_OPUS, kilobytes=16),
    _by_pyav(
        "m4a",
        _M4A_ENDINGS,
        "MOV",
        b"ftyp",
        b"moov",
        magic_at=4,
        lossless=None,
        becomes="",
        output=_M4A,
        kilobytes=24,
        extent=mp4_extent,
    ),
    # Written as what a source is, not on demand.
    _row("rf64", ".rf64", "RF64", b"RF64", extent=chunk_extent, **_PCM),
    _row("w64", ".w64", "W64", b"riff", extent=w64_extent, **_PCM),
    _row("au", ".au .snd", "AU", b".snd", b"dns.", extent=au_extent, **_PCM),
    _row("caf", ".caf", "CAF", b"caff", extent=caf_extent, **_PCM),
    # Read only.
    _by_pyav("aac", ".aac", "AAC", *_ADTS, extent=adts_extent),
    _by_pyav("alac", ".alac", "", **_LOSSLESS),
    _by_pyav("wma", ".wma", "ASF", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", lossless=None, extent=asf_extent),
    _by_pyav("ape", ".ape", "APE", b"MAC ", lossless=True, kilobytes=85, extent=plain.ape_extent),
    _by_pyav("wavpack", ".wv", "WV", b"wvpk", extent=plain.wavpack_extent, **_LOSSLESS),
    _by_pyav("tta", ".tta", "TTA", b"TTA1", extent=plain.tta_extent, **_LOSSLESS),
    _by_pyav("tak", ".tak", "TAK", b"tBaK", lossless=True, kilobytes=85),
    _by_pyav("musepack", ".mpc", "MPC8", b"MPCK"),
    _by_pyav("musepack 7", ".mpp .mp+", "MPC", b"MP+"),
    _row("mp2", ".mp2", "", lossless=False, becomes="m4a", kilobytes=28),
    _by_pyav("ac3", ".ac3 .eac3", "AC3", b"\x0b\x77", kilobytes=48, extent=plain.ac3_extent),
    _by_pyav("dts", ".dts", "DTS", b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80", kilobytes=100),
    _by_pyav("speex", ".spx", "", kilobytes=4),
    _by_pyav("dsf", ".dsf", "DSF", b"DSD ", lossless=True, kilobytes=700, extent=plain.dsf_extent),
    _by_pyav("dff", ".dff", "IFF", b"FRM8", lossless=True, kilobytes=700, extent=plain.dff_extent),
    _by_pyav("shorten", ".shn", "SHN", b"ajkg", **_LOSSLESS),
    _by_pyav("truehd", ".thd .mlp", "TRUEHD", **_LOSSLESS),
    _by_pyav("amr", ".amr .awb", "AMR", b"#!AMR", kilobytes=2),
    _by_pyav("realaudio", ".ra .rm", "RM", b".RMF", b".ra\xfd", lossless=None),
    _by_pyav(
        "matroska", ".mka .webm .weba", "MATROSKA", b"\x1a\x45\xdf\xa3", lossless=None, extent=matroska_extent
    ),
)

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
