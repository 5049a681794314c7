"""Chooses how an output is encoded: what fits a given source best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from styleshift.audio.formats import (
    ALAC,
    DEPTHS,
    FORMATS,
    OutputFormat,
    format_held,
    format_of,
    is_lossless,
)
from styleshift.audio.stream import AudioInfo


def same_format(info: AudioInfo, path: Path) -> OutputFormat:
    """The format nearest to a source's own: container, encoding, bit depth, and the extension it has.

    What cannot be written (Monkey's Audio, WMA, Musepack, ...) becomes FLAC if it was lossless, else M4A.
    """
    format = _nearest(info)
    return replace(format, extension=path.suffix or format.extension)


def _nearest(info: AudioInfo) -> OutputFormat:
    lossless = is_lossless(info.subtype)
    if info.format == "MOV":
        return replace(ALAC, bits=info.bits or 24) if lossless else FORMATS["m4a"]
    if info.format == "MP3":
        return FORMATS["mp3"]
    codec = info.subtype.lower()
    if info.format == "OGG" and codec in ("vorbis", "opus"):
        return FORMATS["ogg" if codec == "vorbis" else "opus"]
    if info.format == "WAV" and info.subtype == "MPEG_LAYER_III":
        return FORMATS["wav"]  # libsndfile reads it, and says that it writes it, but does not
    if info.reader == "soundfile" and _written(info.format, info.subtype):
        row = format_held(info.format)
        name = row.name if row is not None else info.format.lower()
        return OutputFormat(name, info.format, info.subtype, _extension(info), not lossless)
    if info.format == "CAF" and info.subtype == "alac":
        bits = next(bits for bits in (16, 20, 24, 32) if bits >= min(info.bits or 24, 32))
        return OutputFormat("caf", "CAF", f"ALAC_{bits}", _extension(info))
    if info.reader == "pyav" and info.format in ("WAV", "AIFF"):
        return with_depth(FORMATS[info.format.lower()], info)
    return with_depth(FORMATS["flac"], info) if lossless or info.reader == "soundfile" else FORMATS["m4a"]


@cache
def _written(container: str, subtype: str) -> bool:
    """Whether libsndfile writes such files."""
    return container in soundfile.available_formats() and soundfile.check_format(container, subtype)


def with_depth(format: OutputFormat, info: AudioInfo) -> OutputFormat:
    """``format``, with 24 bits where it has 16 and the source has more; no bit is lost for the container."""
    if format.subtype == "PCM_16" and depth_of(info) > 16:
        return replace(format, subtype="PCM_24")
    if format.subtype == ALAC.subtype:
        return replace(format, bits=max(16, min(depth_of(info), 24)))
    return format


def depth_of(info: AudioInfo) -> int:
    """Bits of a sample; 0 for lossy encodings."""
    if not is_lossless(info.subtype):
        return 0
    if info.subtype.startswith(("ALAC_", "DWVW_")):
        return int(info.subtype[5:])
    return DEPTHS.get(info.subtype) or info.bits or 24


def belongs(format: OutputFormat, path: Path) -> bool:
    """Whether a file of this name may hold the format; names of no format may hold any."""
    row = format_of(path)
    if row is None or format.name == row.name:
        return True
    own = (*row.containers, *((row.output.container,) if row.output is not None else ()))
    return format.container in own or {format.name, row.name} == {"wav", "rf64"}


def truly_named(format: OutputFormat, info: AudioInfo, target: Path) -> OutputFormat:
    """``format``, or what the target's name says where the two do not go together."""
    row = format_of(target)
    if belongs(format, target) or row is None or row.output is None:
        return replace(format, extension=target.suffix or format.extension)
    return replace(with_depth(row.output, info), extension=target.suffix)


@dataclass(frozen=True, slots=True)
class Choice:
    """How an output is written.

    Attributes:
        format: container and encoding.
        sample_rate: Hz.
        changes: what is otherwise than in the source, in plain words.
        losses: those of them that lose something.
    """

    format: OutputFormat
    sample_rate: int
    changes: tuple[str, ...]
    losses: tuple[str, ...]


def choose(info: AudioInfo, target: Path, asked: OutputFormat | None = None) -> Choice:
    """Decide how a recording is written.

    Args:
        info: of the source.
        target: the output, whose name tells the truth.
        asked: the format that a person named; None: the source's own.
    """
    format = with_depth(asked, info) if asked else same_format(info, target)
    format = truly_named(format, info, target)
    rate = writable_rate(format, info.sample_rate)
    changes, losses = [], []
    before, after = _codec(info), format.subtype.replace("MPEG_LAYER_III", "MP3")
    lossless = is_lossless(info.subtype)
    if lossless and format.lossy:
        losses.append(f"lossless sound ({before}) is written as {format.name} ({after}), which is not")
    elif not (belongs(format, Path(f"x{_extension(info)}")) if lossless else _alike(before, after)):
        changes.append(f"{before} is written as {format.name} ({after})")
    kept = format.bits or DEPTHS.get(format.subtype, 0)
    if lossless and kept and depth_of(info) > kept:
        losses.append(f"{depth_of(info)} bits a sample become {kept}")
    width = DEPTHS.get(info.subtype, 0)
    if 0 < info.bits < width and kept >= width:
        changes.append(f"{info.bits} valid bits in {width} become {kept}")
    if rate != info.sample_rate:
        text = f"{format.name} has no {info.sample_rate} Hz: written at {rate} Hz"
        (losses if rate < info.sample_rate else changes).append(text)
    return Choice(format, rate, (*changes, *losses), tuple(losses))


def _alike(before: str, after: str) -> bool:
    """Whether two lossy encodings are of one kind: ``aac_latm`` and ``aac`` are."""
    return before.lower().split(" ")[-1].partition("_")[0] in after.lower()


def _codec(info: AudioInfo) -> str:
    """A source's encoding for a sentence."""
    codec = info.subtype.replace("MPEG_LAYER_III", "MP3")
    return codec if info.format in (codec, "WAV", "WAVEX") else f"{info.format} {codec}"


def _extension(info: AudioInfo) -> str:
    row = format_held(info.format)
    return row.extensions[0] if row is not None else ""


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
