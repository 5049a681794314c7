"""What a recording can be written as, and what fits a given source best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import soundfile

from styleshift.audio.stream import AudioInfo
from styleshift.errors import UsageError


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """A container and an encoding.

    Attributes:
        name: what ``--format`` and messages say.
        container: libsndfile's name, or ``M4A``.
        subtype: libsndfile's name, or FFmpeg's codec name in an M4A.
        extension: with the dot.
        lossy: what is read back is not exactly what was written.
        compression_level: libsndfile's, 0.0 (largest file) to 1.0.
        bitrate_mode: libsndfile's, of MP3.
    """

    name: str
    container: str
    subtype: str
    extension: str
    lossy: bool = False
    compression_level: float | None = None
    bitrate_mode: str | None = None


# Vorbis quality 6 (about 192 kbit/s in stereo) and LAME VBR near V2: transparent for most ears, so that what
# is heard is the conversion. The levels are libsndfile's: 1 - quality / 10, and VBR quality / 10.
FORMATS: dict[str, OutputFormat] = {
    "wav": OutputFormat("wav", "WAV", "PCM_16", ".wav"),
    "flac": OutputFormat("flac", "FLAC", "PCM_16", ".flac"),
    "aiff": OutputFormat("aiff", "AIFF", "PCM_16", ".aiff"),
    "mp3": OutputFormat("mp3", "MP3", "MPEG_LAYER_III", ".mp3", True, 0.2, "VARIABLE"),
    "ogg": OutputFormat("ogg", "OGG", "VORBIS", ".ogg", True, 0.4),
    "opus": OutputFormat("opus", "OGG", "OPUS", ".opus", True),
    "m4a": OutputFormat("m4a", "M4A", "aac", ".m4a", True),
}

_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_LOSSLESS_CODECS = frozenset({"alac", "ape", "wavpack", "tak", "tta", "wmalossless", "flac"})


def output_format(name: str) -> OutputFormat:
    """The format that ``--format`` names.

    Raises:
        UsageError: there is no such format.
    """
    found = FORMATS.get(name.lower().lstrip("."))
    if found is None:
        raise UsageError(f"format is {name!r}; it may be {', '.join(FORMATS)} or same")
    return found


def same_format(info: AudioInfo, path: Path) -> OutputFormat:
    """The format nearest to a source's own: container, encoding, bit depth, and the extension it has.

    What cannot be written (Monkey's Audio, WMA, Musepack, ...) becomes FLAC if it was lossless, else M4A.
    """
    extension = path.suffix
    if info.reader == "pyav":
        if info.format == "MOV":
            codec = "alac" if info.subtype == "alac" else "aac"
            return OutputFormat("m4a", "M4A", codec, extension or ".m4a", codec == "aac")
        return FORMATS["flac" if info.subtype in _LOSSLESS_CODECS else "m4a"]
    if info.format == "MP3":
        return _named(FORMATS["mp3"], extension)
    if info.format == "OGG":
        if info.subtype in ("VORBIS", "OPUS"):
            return _named(FORMATS["ogg" if info.subtype == "VORBIS" else "opus"], extension)
        return FORMATS["flac"]
    if info.format in soundfile.available_formats() and soundfile.check_format(info.format, info.subtype):
        lossy = not info.subtype.startswith(("PCM_", "FLOAT", "DOUBLE", "ALAC"))
        return OutputFormat(info.format.lower(), info.format, info.subtype, extension, lossy)
    return FORMATS["flac"]


def writable_rate(format: OutputFormat, sample_rate: int) -> int:
    """``sample_rate`` if the format takes it, else the nearest above that it does (or its highest)."""
    rates = {"MPEG_LAYER_III": _MP3_RATES, "OPUS": _OPUS_RATES}.get(format.subtype)
    if rates is None or sample_rate in rates:
        return sample_rate
    return next((rate for rate in rates if rate >= sample_rate), rates[-1])


def _named(format: OutputFormat, extension: str) -> OutputFormat:
    return OutputFormat(
        format.name,
        format.container,
        format.subtype,
        extension or format.extension,
        format.lossy,
        format.compression_level,
        format.bitrate_mode,
    )
