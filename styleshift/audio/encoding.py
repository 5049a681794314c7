"""Chooses how an output is encoded: what fits a given source best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from styleshift.audio.formats import ALAC, FORMATS, OutputFormat, is_lossless
from styleshift.audio.stream import AudioInfo


def same_format(info: AudioInfo, path: Path) -> OutputFormat:
    """The format nearest to a source's own: container, encoding, bit depth, and the extension it has.

    What cannot be written (Monkey's Audio, WMA, Musepack, ...) becomes FLAC if it was lossless, else M4A.
    """
    extension = path.suffix
    if info.reader == "pyav":
        if info.format == "MOV":
            return _named(ALAC if info.subtype == ALAC.subtype else FORMATS["m4a"], extension)
        return FORMATS["flac" if is_lossless(info.subtype) else "m4a"]
    if info.format == "MP3":
        return _named(FORMATS["mp3"], extension)
    if info.format == "OGG":
        if info.subtype in ("VORBIS", "OPUS"):
            return _named(FORMATS["ogg" if info.subtype == "VORBIS" else "opus"], extension)
        return FORMATS["flac"]
    if info.format in soundfile.available_formats() and soundfile.check_format(info.format, info.subtype):
        return OutputFormat(
            info.format.lower(), info.format, info.subtype, extension, not is_lossless(info.subtype)
        )
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
    """A rate that the format takes.

    ``sample_rate`` itself, or the nearest above it that is on the format's list, or its highest. Where there
    is no list but a limit, the rate is halved until it fits, as DSD wants it.
    """
    if format.rates:
        if sample_rate in format.rates:
            return sample_rate
        return next((rate for rate in format.rates if rate >= sample_rate), format.rates[-1])
    while sample_rate > format.highest_rate:
        sample_rate //= 2
    return sample_rate


def _named(format: OutputFormat, extension: str) -> OutputFormat:
    return replace(format, extension=extension or format.extension)
