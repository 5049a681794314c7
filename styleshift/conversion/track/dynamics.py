"""Keeps the conversion as loud as its source, moment by moment, and below full scale.

Both work on a stream: what they need to know of the future is a few seconds, not the whole recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from styleshift.arrays import Float32Array, Float64Array
from styleshift.conversion.track.loudness import STEP_SECONDS, KWeightedPower, integrated_loudness
from styleshift.conversion.track.queues import ArrayQueue, Curve

# Half the length of the Hann kernel that smooths powers: about the 3 s of EBU R 128's short-term loudness.
SMOOTHING_SECONDS = 3.0
# Nobody needs more; a generator that is asked for it has nothing to give.
LARGEST_GAIN = 10 ** (24 / 20)
# Power, relative to full scale, below which neither side counts as sound: -90 dB.
_QUIET = 1e-9

LIMITER_SECONDS = 0.005


@dataclass(slots=True)
class Reached:
    """How loud a conversion became.

    Attributes:
        powers: before peaks were turned down; see
            :class:`styleshift.conversion.track.loudness.KWeightedPower`.
        before: sum of squares of all samples before peaks were turned down.
        after: the same of what was given.
    """

    powers: list[Float64Array] = field(default_factory=list)
    before: float = 0.0
    after: float = 0.0

    def turned_down_db(self) -> float:
        """By how much all of it is softer for its peaks."""
        return 10 * math.log10(self.before / self.after) if self.after and self.before > self.after else 0.0

    def loudness(self) -> float | None:
        """Integrated loudness of what was given, LUFS, as if peaks took the same everywhere; None: silent."""
        found = integrated_loudness(np.concatenate(self.powers)) if self.powers else None
        return None if found is None else found - self.turned_down_db()

    def count(self, block: Float32Array, *, limited: bool) -> None:
        """Add samples ``[n, channels]``, before or after peaks were turned down."""
        power = float(np.vdot(block, block))
        if limited:
            self.after += power
        else:
            self.before += power


def match_loudness(
    blocks: Iterable[Float32Array],
    powers: Float64Array,
    sample_rate: int,
    channels: int,
    reached: list[Float64Array],
) -> Iterator[Float32Array]:
    """Give a conversion the short-term loudness of its source.

    The gain is the square root of the ratio of both K-weighted powers, each smoothed over 3 s to both sides:
    slow enough to leave attacks and decays as the generator made them, 1 where nothing was changed.

    Args:
        blocks: pieces ``[n, channels]`` float32 of the conversion.
        powers: of the whole source; see :class:`styleshift.conversion.track.loudness.KWeightedPower`.
        sample_rate: Hz.
        channels: of both.
        reached: gets the powers of what is given, as they follow from those of the conversion and the gain,
            which hardly moves within one step: within a few hundredths of a dB.

    Yields:
        Pieces of the conversion.
    """
    meter = KWeightedPower(sample_rate, channels)
    smoother = _Smoother(round(SMOOTHING_SECONDS / STEP_SECONDS), powers, reached)
    gains = Curve(meter.step / sample_rate, sample_rate)
    waiting = ArrayQueue()

    def ready(length: int) -> Iterator[Float32Array]:
        while length > 0:
            piece = waiting.take(min(length, 1 << 16))
            length -= len(piece)
            yield piece * gains.take(len(piece))[:, None]

    for block in blocks:
        waiting.push(block)
        gains.push(smoother.push(meter.push(block)))
        yield from ready(min(len(waiting), len(gains)))
    gains.push(smoother.push(meter.finish()))
    gains.push(smoother.finish())
    yield from ready(len(waiting))


class _Smoother:
    """Gains towards the powers ``wanted``, with a Hann kernel of ``reach`` values to both sides."""

    def __init__(self, reach: int, wanted: Float64Array, reached: list[Float64Array]) -> None:
        self._reach = reach
        self._kernel = np.hanning(2 * reach + 3)[1:-1]
        self._wanted = wanted
        self._reached = reached
        self._powers = np.zeros((2, 0))
        self._given = 0
        self._start = 0  # index of the first power that is kept

    def push(self, converted: Float64Array) -> Float64Array:
        """Take powers in; return the gains that are certain."""
        known = self._start + self._powers.shape[1]
        source = self._wanted[known : known + len(converted)]
        assert len(source) == len(converted), "the source was measured over another length"
        self._powers = np.concatenate([self._powers, np.stack([converted, source])], axis=1)
        return self._gains(self._start + self._powers.shape[1] - self._reach)

    def finish(self) -> Float64Array:
        """The gains up to the last power."""
        return self._gains(self._start + self._powers.shape[1])

    def _gains(self, end: int) -> Float64Array:
        gains = []
        for index in range(self._given, end):
            low = max(self._start, index - self._reach)
            high = min(self._start + self._powers.shape[1], index + self._reach + 1)
            kernel = self._kernel[low - index + self._reach : high - index + self._reach]
            converted, source = (
                self._powers[:, low - self._start : high - self._start] @ kernel / kernel.sum()
            )
            gains.append(np.sqrt((source + _QUIET) / (converted + _QUIET)))
        made = np.clip(np.asarray(gains, np.float64), 1 / LARGEST_GAIN, LARGEST_GAIN)
        first = self._given - self._start
        self._reached.append(self._powers[0, first : first + len(made)] * made**2)
        self._given += len(made)
        forget = self._given - self._reach - self._start
        if forget > 0:
            self._powers = self._powers[:, forget:]
            self._start += forget
        return made


def limit(blocks: Iterable[Float32Array], sample_rate: int, ceiling: float) -> Iterator[Float32Array]:
    """Keep every sample within ``ceiling`` by turning the level down around peaks, never by clipping.

    The gain that a peak needs is held for 5 ms to both sides and then smoothed over as much, so it is reached
    before the peak comes. Far from peaks, samples pass through unchanged. All channels get the same gain.

    Args:
        blocks: pieces ``[n, channels]`` float32.
        sample_rate: Hz.
        ceiling: largest absolute sample allowed.
    """
    reach = max(1, round(sample_rate * LIMITER_SECONDS))
    waiting = ArrayQueue()
    before = 0  # samples at the front of `waiting` that were given out already and are only context

    def ready(length: int) -> Float32Array:
        """Give out all but the newest ``length`` samples."""
        nonlocal before
        samples = waiting.peek(len(waiting))
        end = len(samples) - length
        done = _limited(samples, reach, ceiling)[before:end]
        keep = min(end, 2 * reach)
        waiting.drop(end - keep)
        before = keep
        return done

    for block in blocks:
        waiting.push(block)
        if len(waiting) - before >= 1 << 14:
            yield ready(2 * reach)
    if len(waiting) > before:
        yield ready(0)


def _limited(samples: Float32Array, reach: int, ceiling: float) -> Float32Array:
    if max(samples.max(), -samples.min()) <= ceiling:
        return samples
    peaks = np.abs(samples).max(axis=1)
    over = np.flatnonzero(peaks > ceiling)
    gain = np.ones(len(samples) + 2 * reach)
    # Held over [-reach, reach] around each peak...
    for index in over:
        spot = gain[index : index + 2 * reach + 1]
        np.minimum(spot, ceiling / peaks[index], out=spot)
    # ...and averaged over less than that, so that at the peak itself nothing higher is mixed in.
    kernel = np.hanning(2 * reach + 3)[1:-1]
    smooth = np.convolve(gain, kernel / kernel.sum(), mode="valid")
    limited = samples * smooth[:, None].astype(np.float32)
    # float32 rounding alone may pass the ceiling, by one part in ten million.
    return np.asarray(np.clip(limited, -ceiling, ceiling), np.float32)
