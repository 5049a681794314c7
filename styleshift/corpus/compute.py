"""One recording becomes one array: decode, mix to mono, resample, measure, transform, write, by blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from styleshift.arrays import Float16Array, Float32Array
from styleshift.audio.level import ABSOLUTE_GATE_DB, LevelMeter
from styleshift.audio.resample import resample
from styleshift.corpus.growing import GrowingArray
from styleshift.errors import AudioError
from styleshift.frontend import Mixdown, SpectrogramConfig, StreamingSpectrogram
from styleshift.hooks import AudioStream, Recording
from styleshift.system.prefetch import prefetch

# Samples of all channels decoded at a time, 1 MiB: enough that Python's fixed costs of a block, about 0.1 ms,
# hardly count, and few enough that a block is still in the processor's caches when it is mixed.
BLOCK_SAMPLES = 1 << 18
# Shorter than this there is nothing to learn from, and the level is no level.
SHORTEST_SECONDS = 0.5
# Channels that have nothing to do with each other keep 1/channels of their power in a mono mix. Less than a
# twenty-fifth of that, and they cancel.
CANCELLED = 0.04


@dataclass(frozen=True, slots=True)
class Measured:
    """What a recording turned out to be; see :class:`styleshift.corpus.manifest.ManifestEntry`."""

    frames: int
    seconds: float
    sample_rate: int
    channels: int
    level_db: float
    warnings: tuple[str, ...]


def compute(
    recording: Recording,
    target: Path,
    config: SpectrogramConfig,
    *,
    overlap: bool,
    report: Callable[[float], None] = lambda seconds: None,
    channel: int | None = None,
) -> Measured:
    """Store the spectrogram of a recording, mixed to mono, at the recording's own level.

    Args:
        recording: opened once; twice more if its channels cancel each other in the mix.
        target: the array's final name; it appears only if all went well.
        config: front-end settings.
        overlap: decode in a thread of its own, for when there are more cores than recordings.
        report: told of progress, in seconds of music.
        channel: take this one, counted from 0; None: the mix of all.

    Raises:
        AudioError: the recording cannot be used: what its stream raises, ``too short`` or ``silent``.
        NotStoredError: the array cannot be written.
    """
    with closing(recording.open()) as stream, GrowingArray(target, config.bins) as array:
        mono = _Mono(stream, config.sample_rate, channel)
        blocks: Iterable[Float32Array] = mono.blocks()
        if overlap:
            blocks = prefetch(blocks, 4)
        meter = LevelMeter(config.sample_rate, 1, with_peak=False)
        spectrogram = StreamingSpectrogram(config, 1, output="log", dtype=np.float16)
        for block in blocks:
            report(len(block) / config.sample_rate)
            meter.push(block)
            array.append(_finite(spectrogram.push(block.reshape(1, -1)), config))
        array.append(_finite(spectrogram.finish(), config))
        if not mono.cancels:
            seconds = mono.frames / stream.sample_rate
            level_db = _usable_level(meter, seconds, array.frames)
            array.finish()
            warnings = tuple(getattr(stream, "warnings", ()))
            if channel is not None:
                only = f"channel {channel + 1} alone is used"
                warnings += (f"its channels cancel each other in a mono mix; {only}",)
            return Measured(array.frames, seconds, stream.sample_rate, stream.channels, level_db, warnings)
    loudest = _loudest_channel(recording, report)  # which alone cannot cancel itself
    return compute(recording, target, config, overlap=overlap, report=report, channel=loudest)


def _usable_level(meter: LevelMeter, seconds: float, frames: int) -> float:
    if seconds < SHORTEST_SECONDS or frames == 0:
        raise AudioError(
            f"{seconds:.3f} s long", f"at least {SHORTEST_SECONDS} s are needed", reason="too short"
        )
    level_db = meter.level_db
    if level_db is None:
        raise AudioError(f"nothing in it is louder than {ABSOLUTE_GATE_DB:g} dBFS", reason="silent")
    if math.isnan(level_db):
        raise AudioError("its decoder returned NaN or infinity", "fetch the file again", reason="damaged")
    return level_db


def _finite(rows: Float16Array, config: SpectrogramConfig) -> Float16Array:
    """Compressed magnitudes stay far below float16's limit; uncompressed ones may not."""
    if config.compression == "none" and not np.isfinite(rows).all():
        raise AudioError(
            "too loud for uncompressed magnitudes in float16",
            "use compression log1p or log",
            reason="unsupported",
        )
    return rows


class _Mono:
    """A stream's mono mix, or one of its channels, at another rate, and whether the mix lost the music."""

    def __init__(self, stream: AudioStream, sample_rate: int, only: int | None) -> None:
        self._stream = stream
        self._only = only
        self._sample_rate = sample_rate
        # A ratio of large numbers is left to libsoxr.
        self._mixed_rate = sample_rate if Mixdown.can(stream.sample_rate, sample_rate) else stream.sample_rate
        channels = stream.channels if only is None else 1
        self._mixdown = Mixdown(stream.sample_rate, self._mixed_rate, channels)
        self.frames = 0

    def blocks(self) -> Iterator[Float32Array]:
        """Blocks ``[n, 1]`` float32, ``n`` at least 1."""
        return resample(self._mixed(), self._mixed_rate, self._sample_rate)

    def _mixed(self) -> Iterator[Float32Array]:
        for block in self._stream.blocks(BLOCK_SAMPLES // self._stream.channels):
            self.frames += len(block)
            if self._only is not None:
                block = block[:, self._only : self._only + 1]
            if len(mono := self._mixdown.push(block)):
                yield mono.reshape(-1, 1)
        if len(mono := self._mixdown.finish()):
            yield mono.reshape(-1, 1)

    @property
    def cancels(self) -> bool:
        """What is in the channels is not in their mix; known once the blocks have ended."""
        return self._mixdown.kept_power < CANCELLED / self._stream.channels


def _loudest_channel(recording: Recording, report: Callable[[float], None]) -> int:
    with closing(recording.open()) as stream:
        power = np.zeros(stream.channels)
        for block in stream.blocks(BLOCK_SAMPLES // stream.channels):
            report(0.0)
            power += np.einsum("ij,ij->j", block, block)
    return int(power.argmax())
