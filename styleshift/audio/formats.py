"""The audio formats: one row each, from which finding, planning, reading, writing and messages derive.

To add a format, add a row; nothing else in the package names an extension. Light to import: no decoder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePath
from typing import Literal

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
        magic: ``(offset, bytes)`` of its first bytes, any of which tells it.
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
    magic: tuple[tuple[int, bytes], ...] = ()
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
# Vorbis quality 6 (about 192 kbit/s in stereo) and LAME VBR near V2: transparent for most ears, so that what
# is heard is the conversion. The levels are libsndfile's: 1 - quality / 10, and VBR quality / 10.
_MP3 = OutputFormat("mp3", "MP3", "MPEG_LAYER_III", ".mp3", True, 0.2, "VARIABLE", rates=_MPEG_RATES)
ALAC = OutputFormat("m4a", "M4A", "alac", ".m4a", highest_rate=384_000)
"""What lossless sound in an MP4 is written as."""

UNCOMPRESSED = 170.0
"""Kilobytes of a second of CD sound."""
_PCM = UNCOMPRESSED

TABLE: tuple[AudioFormat, ...] = (
    AudioFormat(
        "wav",
        (".wav", ".wave"),
        "soundfile",
        ("WAV", "WAVEX"),
        ((0, b"RIFF"), (0, b"RIFX")),
        None,
        OutputFormat("wav", "WAV", "PCM_16", ".wav"),
        kilobytes=_PCM,
        extent=chunk_extent,
    ),
    AudioFormat(
        "flac",
        (".flac",),
        "soundfile",
        ("FLAC",),
        ((0, b"fLaC"),),
        True,
        OutputFormat("flac", "FLAC", "PCM_16", ".flac", highest_rate=655_350),
        kilobytes=90,
        extent=flac_extent,
    ),
    AudioFormat(
        "aiff",
        (".aiff", ".aif", ".aifc"),
        "soundfile",
        ("AIFF",),
        ((0, b"FORM"),),
        None,
        OutputFormat("aiff", "AIFF", "PCM_16", ".aiff"),
        kilobytes=_PCM,
        extent=chunk_extent,
    ),
    AudioFormat(
        "mp3", (".mp3",), "soundfile", ("MP3",), (), False, _MP3, kilobytes=28, work=1.0, extent=mpeg_extent
    ),
    AudioFormat(
        "ogg",
        (".ogg", ".oga"),
        "soundfile",
        ("OGG",),
        ((0, b"OggS"),),
        None,
        OutputFormat("ogg", "OGG", "VORBIS", ".ogg", True, 0.4),
        extent=ogg_extent,
    ),
    AudioFormat(
        "opus",
        (".opus",),
        "soundfile",
        (),
        (),
        False,
        OutputFormat("opus", "OGG", "OPUS", ".opus", True, rates=_OPUS_RATES),
        kilobytes=16,
    ),
    AudioFormat(
        "m4a",
        (".m4a", ".m4b", ".mp4", ".m4r", ".m4p", ".3gp", ".3g2"),
        "pyav",
        ("MOV",),
        ((4, b"ftyp"), (4, b"moov")),
        None,
        OutputFormat("m4a", "M4A", "aac", ".m4a", True, rates=_AAC_RATES),
        kilobytes=24,
        extent=mp4_extent,
    ),
    # Written as what a source is, not on demand.
    AudioFormat(
        "rf64", (".rf64",), "soundfile", ("RF64",), ((0, b"RF64"),), None, kilobytes=_PCM, extent=chunk_extent
    ),
    AudioFormat(
        "w64", (".w64",), "soundfile", ("W64",), ((0, b"riff"),), None, kilobytes=_PCM, extent=w64_extent
    ),
    AudioFormat(
        "au",
        (".au", ".snd"),
        "soundfile",
        ("AU",),
        ((0, b".snd"), (0, b"dns.")),
        None,
        kilobytes=_PCM,
        extent=au_extent,
    ),
    AudioFormat(
        "caf", (".caf",), "soundfile", ("CAF",), ((0, b"caff"),), None, kilobytes=_PCM, extent=caf_extent
    ),
    # Read only. AAC in ADTS frames: twelve ones, then layer 00 (an MP3 frame has another layer).
    AudioFormat(
        "aac",
        (".aac",),
        "pyav",
        ("AAC",),
        ((0, b"\xff\xf0"), (0, b"\xff\xf1"), (0, b"\xff\xf8"), (0, b"\xff\xf9")),
        becomes="m4a",
        extent=adts_extent,
    ),
    AudioFormat("alac", (".alac",), "pyav", (), (), True, becomes="flac", kilobytes=90),
    AudioFormat(
        "wma",
        (".wma",),
        "pyav",
        ("ASF",),
        ((0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),),
        None,
        becomes="m4a",
        extent=asf_extent,
    ),
    AudioFormat(
        "ape",
        (".ape",),
        "pyav",
        ("APE",),
        ((0, b"MAC "),),
        True,
        becomes="flac",
        kilobytes=85,
        extent=plain.ape_extent,
    ),
    AudioFormat(
        "wavpack",
        (".wv",),
        "pyav",
        ("WV",),
        ((0, b"wvpk"),),
        True,
        becomes="flac",
        kilobytes=90,
        extent=plain.wavpack_extent,
    ),
    AudioFormat(
        "tta",
        (".tta",),
        "pyav",
        ("TTA",),
        ((0, b"TTA1"),),
        True,
        becomes="flac",
        kilobytes=90,
        extent=plain.tta_extent,
    ),
    AudioFormat("tak", (".tak",), "pyav", ("TAK",), ((0, b"tBaK"),), True, becomes="flac", kilobytes=85),
    AudioFormat("musepack", (".mpc",), "pyav", ("MPC8",), ((0, b"MPCK"),), becomes="m4a"),
    AudioFormat("musepack 7", (".mpp", ".mp+"), "pyav", ("MPC",), ((0, b"MP+"),), becomes="m4a"),
    AudioFormat("mp2", (".mp2",), "soundfile", (), becomes="m4a", kilobytes=28),
    AudioFormat(
        "ac3",
        (".ac3", ".eac3"),
        "pyav",
        ("AC3",),
        ((0, b"\x0b\x77"),),
        becomes="m4a",
        kilobytes=48,
        extent=plain.ac3_extent,
    ),
    AudioFormat(
        "dts",
        (".dts",),
        "pyav",
        ("DTS",),
        ((0, b"\x7f\xfe\x80\x01"), (0, b"\xfe\x7f\x01\x80")),
        becomes="m4a",
        kilobytes=100,
    ),
    AudioFormat("speex", (".spx",), "pyav", (), becomes="m4a", kilobytes=4),
    AudioFormat(
        "dsf",
        (".dsf",),
        "pyav",
        ("DSF",),
        ((0, b"DSD "),),
        True,
        becomes="flac",
        kilobytes=700,
        extent=plain.dsf_extent,
    ),
    AudioFormat(
        "dff",
        (".dff",),
        "pyav",
        ("IFF",),
        ((0, b"FRM8"),),
        True,
        becomes="flac",
        kilobytes=700,
        extent=plain.dff_extent,
    ),
    AudioFormat("shorten", (".shn",), "pyav", ("SHN",), ((0, b"ajkg"),), True, becomes="flac", kilobytes=90),
    AudioFormat("truehd", (".thd", ".mlp"), "pyav", ("TRUEHD",), (), True, becomes="flac", kilobytes=90),
    AudioFormat("amr", (".amr", ".awb"), "pyav", ("AMR",), ((0, b"#!AMR"),), becomes="m4a", kilobytes=2),
    AudioFormat(
        "realaudio", (".ra", ".rm"), "pyav", ("RM",), ((0, b".RMF"), (0, b".ra\xfd")), None, becomes="m4a"
    ),
    AudioFormat(
        "matroska",
        (".mka", ".webm", ".weba"),
        "pyav",
        ("MATROSKA",),
        ((0, b"\x1a\x45\xdf\xa3"),),
        None,
        becomes="m4a",
        extent=matroska_extent,
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


def format_of(name: str | PurePath) -> AudioFormat | None:
    """The row of a file's extension, in any case; None where none has it."""
    return _BY_EXTENSION.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - pathlib takes five times as long


def format_held(container: str) -> AudioFormat | None:
    """The row of a container, by its decoder's name for it."""
    return _BY_CONTAINER.get(container)


def recognised(head: bytes) -> AudioFormat | None:
    """The row whose magic the first bytes of a file are."""
    for row in TABLE:
        if any(head[offset : offset + len(magic)] == magic for offset, magic in row.magic):
            return row
    return None


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


def readable() -> str:
    """A sentence for whoever has no recording that can be read."""
    plain = ", ".join(row.name.upper() for row in TABLE if row.reader == "soundfile" and row.output)
    more = "" if find_spec("av") else " with `pip install 'styleshift[m4a]'`"
    return f"{plain} are read, and M4A and others{more}"
