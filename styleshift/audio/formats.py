"""What a recording can be written as, and what fits a given source best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
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
        bits_per_second: of an M4A; None: its encoder's default.
    """

    name: str
    container: str
    subtype: str
    extension: str
    lossy: bool = False
    compression_level: float | None = None
    bitrate_mode: str | None = None
    bits_per_second: int | None = None


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


# Nominal kbit/s of Vorbis in stereo at 44.1 and 48 kHz, by quality from 0 to 10 (Xiph's table).
_VORBIS_KILOBITS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)
# Lowest and highest kbit/s of MP3 that libsndfile's compression level spans, by sample rates from here on up.
_MP3_KILOBITS = ((32000, 32, 320), (16000, 8, 160), (0, 8, 64))
_MP3_STEPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320)
# libsndfile's Opus: bits a second of one channel at compression levels 1 and 0.
_OPUS_BITS = (6_000, 256_000)


def as_many_bits(
    format: OutputFormat, info: AudioInfo, bits_per_second: float, sample_rate: int
) -> OutputFormat:
    """``format``, with about as many bits as a lossy source of the same kind has, and not fewer.

    Args:
        format: what will be written.
        info: of the source. If it is of another kind, its number of bits says nothing, and ``format`` is
            returned as it is.
        bits_per_second: of the source.
        sample_rate: Hz, of the output.
    """
    kilobits = bits_per_second / 1000
    if format.subtype == "MPEG_LAYER_III" and info.format == "MP3":
        low, high = next(pair for above, *pair in _MP3_KILOBITS if sample_rate >= above)
        # A VBR source has a mean in between; the next constant rate is the one that is never lower.
        # Its frames must hold LAME's note of where the sound begins and ends: 208 bytes.
        least = 208 * 8 * sample_rate / (1152 if sample_rate >= 32000 else 576) / 1000
        step = next((step for step in _MP3_STEPS if step >= max(0.98 * kilobits, least)), high)
        level = (high - min(step, high)) / (high - low)
        return replace(format, compression_level=level, bitrate_mode="CONSTANT")
    if format.subtype == info.subtype == "VORBIS":
        stereo = kilobits * 2 / info.channels
        quality = float(np.interp(stereo, _VORBIS_KILOBITS, range(len(_VORBIS_KILOBITS))))
        return replace(format, compression_level=1 - quality / 10)
    if format.subtype == info.subtype == "OPUS":
        low, high = _OPUS_BITS
        share = (bits_per_second / info.channels - low) / (high - low)
        return replace(format, compression_level=1 - min(max(share, 0.0), 1.0))
    if format.subtype == "aac" and info.subtype.startswith("aac"):
        return replace(format, bits_per_second=round(min(bits_per_second, 256_000 * info.channels)))
    return format


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
