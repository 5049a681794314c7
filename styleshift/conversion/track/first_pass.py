"""The first pass over a recording: whether it can be read to its end, how long and how loud it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from styleshift.arrays import Float32Array, Float64Array
from styleshift.audio.level import LevelMeter
from styleshift.audio.read import open_audio
from styleshift.audio.stream import AudioInfo, DecodedStream
from styleshift.audio.things import Thing, ThingKind
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.loudness import KWeightedPower, integrated_loudness
from styleshift.conversion.track.offset import OffsetMeter, without_offset
from styleshift.conversion.track.voice import Voice, VoiceMeter, VoiceWanted
from styleshift.words import Remark

BLOCK_FRAMES = 1 << 16
# A recording that fits is decoded once: three minutes in stereo at 44.1 kHz. Of longer ones nothing is kept.
KEPT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class FirstPass:
    """What the first pass found.

    Attributes:
        sample_rate: Hz.
        channels: 1 or more.
        frames: sample frames that can be decoded; the header's claim plays no part.
        level_db: gated level, dBFS; None if the recording is silent.
        loudness: integrated loudness, LUFS; None if below -70.
        peak: largest absolute sample.
        warnings: plain sentences.
        info: what the header says; None for arrays.
        voice: its voice, as far as somebody asked.
        extras: what the source had and is no part of the sound that is read; under ``salvage`` also the rest
            of its sound.
        blocks: all its samples, ``[n, channels]`` float32 each; None: there are too many to keep.
        powers: one for every 0.1 s; see :class:`styleshift.conversion.track.loudness.KWeightedPower`.
        offset: ``[channels]`` float32, full scale at 1, that ``blocks`` still have and nothing else here
            knows; None: next to none.
    """

    sample_rate: int
    channels: int
    frames: int
    level_db: float | None
    loudness: float | None
    peak: float
    warnings: tuple[str, ...] = ()
    info: AudioInfo | None = None
    voice: Voice = field(default_factory=Voice)
    extras: tuple[Thing, ...] = ()
    blocks: list[Float32Array] | None = field(default=None, repr=False, compare=False)
    powers: Float64Array = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    offset: Float32Array | None = field(default=None, compare=False)

    @property
    def seconds(self) -> float:
        """Length."""
        return self.frames / self.sample_rate


def measure_file(
    path: Path,
    settings: ConvertSettings,
    *,
    on_block: Callable[[], None] = lambda: None,
    wanted: VoiceWanted | None = None,
) -> FirstPass:
    """Decode a file once, from its start to its end, and keep what it holds if that is not much.

    One that has an offset and is too long to be kept is decoded once more.

    Args:
        path: the recording.
        settings: of the conversion; under ``salvage`` what can be read of a damaged file is enough.
        on_block: called after each block, so that somebody sees that it goes on.
        wanted: what the model wants to know of the voice.

    Raises:
        AudioError: it cannot be read, or not to its end.
    """
    warnings: list[str] = []
    with open_audio(path, allow_cut=settings.salvage) as stream:
        blocks = _blocks(stream, settings, warnings)
        kept: list[Float32Array] = []
        found = measure(_keeping(blocks, kept), stream.sample_rate, stream.channels, on_block, wanted)
        extras = list(stream.extras)
        if stream.cut or warnings:
            whole = stream.promised
            of = f" of {whole / stream.sample_rate:.1f}" if whole and whole > found.frames else ""
            part = f"sound: {found.seconds:.1f}{of} s are there"
            extras.append(Thing(part, ThingKind.SOUND, "sound: not all is there"))
        found = replace(
            found,
            warnings=(*stream.warnings, *warnings),
            info=stream.info,
            extras=tuple(extras),
            blocks=kept or None,
        )
    if found.offset is None:
        return found
    with samples_of(path, settings, found) as again:
        return around_zero(found, again, on_block, wanted)


def around_zero(
    found: FirstPass,
    blocks: Iterable[Float32Array],
    on_block: Callable[[], None] = lambda: None,
    wanted: VoiceWanted | None = None,
) -> FirstPass:
    """What a recording is without its offset, which is only known once all of it was seen.

    Args:
        found: by :func:`measure`, with the offset in all its figures.
        blocks: the same again.
        on_block: see :func:`measure_file`.
        wanted: see :func:`measure_file`.
    """
    if found.offset is None:
        return found
    true = measure(without_offset(blocks, found.offset), found.sample_rate, found.channels, on_block, wanted)
    return replace(
        found,
        level_db=true.level_db,
        loudness=true.loudness,
        peak=true.peak,
        voice=true.voice,
        powers=true.powers,
    )


def _keeping(blocks: Iterable[Float32Array], kept: list[Float32Array]) -> Iterator[Float32Array]:
    """The same blocks, all of them in ``kept`` at the end, or none."""
    size = 0
    for block in blocks:
        size += block.nbytes
        if size <= KEPT_BYTES:
            kept.append(block)
        else:
            kept.clear()
        yield block


@contextmanager
def samples_of(
    path: Path, settings: ConvertSettings, measured: FirstPass
) -> Iterator[Iterator[Float32Array]]:
    """The samples of a recording that was measured, in blocks ``[n, channels]`` float32.

    Raises:
        AudioError: it cannot be read any more.
    """
    if measured.blocks is not None:
        yield iter(measured.blocks)
        return
    with open_audio(path, allow_cut=settings.salvage) as stream:
        yield _blocks(stream, settings, [])


def look_at(path: Path, settings: ConvertSettings) -> tuple[AudioInfo, tuple[Thing, ...], float | None]:
    """Without decoding it: its header, what it holds beside the sound, and its seconds where that is known.

    Raises:
        AudioError: it cannot be read, or surely not to its end.
    """
    with open_audio(path, allow_cut=settings.salvage) as stream:
        if not settings.salvage:
            stream.check_promise()
        seconds = None if stream.promised is None else stream.promised / stream.sample_rate
        return stream.info, tuple(stream.extras), seconds


def measure(
    blocks: Iterable[Float32Array],
    sample_rate: int,
    channels: int,
    on_block: Callable[[], None] = lambda: None,
    wanted: VoiceWanted | None = None,
) -> FirstPass:
    """What one pass over blocks ``[n, channels]`` float32 finds; see :func:`measure_file`.

    If there is an offset, the other figures have it too; see :func:`around_zero`.
    """
    meter = None if wanted is None else VoiceMeter(wanted, sample_rate, channels)
    level = LevelMeter(sample_rate, channels)
    energy = KWeightedPower(sample_rate, channels)
    offset = OffsetMeter(sample_rate, channels)
    powers = []
    frames = 0
    for block in blocks:
        level.push(block)
        offset.push(block)
        powers.append(energy.push(block))
        if meter is not None:
            meter.push(block)
        frames += len(block)
        on_block()
    powers.append(energy.finish())
    joined = np.concatenate(powers)
    heard = (level.level_db, integrated_loudness(joined), level.peak)
    voice = Voice() if meter is None else meter.finish()
    return FirstPass(
        sample_rate, channels, frames, *heard, voice=voice, powers=joined, offset=offset.finish()
    )


def _blocks(stream: DecodedStream, settings: ConvertSettings, warnings: list[str]) -> Iterator[Float32Array]:
    """All blocks; under ``salvage`` those up to the first damage, which becomes a warning.

    Raises:
        AudioError: there is damage; under ``salvage``, before any sound.
    """
    if not settings.salvage:
        return stream.blocks(BLOCK_FRAMES)
    part = "only the part before the damage is converted"
    return stream.blocks_to_damage(
        BLOCK_FRAMES, lambda error: warnings.append(Remark(f"{part}: {error.message}", part))
    )
