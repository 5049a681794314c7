"""Keeps the conversion as loud as its source, moment by moment, and below full scale.

Both work on a stream: what they need to know of the future is a few seconds, not the whole recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from styleshift.arrays import Float32Array, Float64Array
from styleshift.conversion.track.loudness import STEP_SECONDS, KWeightedPower, integrated_loudness
from styleshift.conversion.track.queues import ArrayQueue, Curve
from styleshift.conversion.track.whole import WholeLoudness

# Half the length of the Hann kernel that smooths powers: about the 3 s of EBU R 128's short-term loudness.
SMOOTHING_SECONDS = 3.0
# Power, relative to full scale, below which neither side counts as sound: -90 dB.
_QUIET = 1e-9

LIMITER_SECONDS = 0.005


@dataclass(slots=True)
class Reached:
    """How loud a conversion became.

    Attributes:
        powers: before peaks were turned down; see
            :class:`styleshift.conversion.track.loudness.KWeightedPower`.
        given: the same of what was given.
    """

    powers: list[Float64Array] = field(default_factory=list)
    given: list[Float64Array] = field(default_factory=list)

    def loudness(self) -> float | None:
        """Integrated loudness of what was given, LUFS; None: below what has one."""
        return integrated_loudness(np.concatenate(self.given)) if self.given else None

    def turned_down_db(self) -> float:
        """By how many LU all of it is softer for its peaks."""
        before = integrated_loudness(np.concatenate(self.powers)) if self.powers else None
        after = self.loudness()
        return 0.0 if before is None or after is None else max(0.0, before - after)


def metered(
    blocks: Iterable[Float32Array], sample_rate: int, channels: int, powers: list[Float64Array]
) -> Iterator[Float32Array]:
    """The same blocks ``[n, channels]``, their K-weighted powers in ``powers`` by the end."""
    meter = KWeightedPower(sample_rate, channels)
    for block in blocks:
        powers.append(meter.push(block))
        yield block
    powers.append(meter.finish())


def match_loudness(
    blocks: Iterable[Float32Array],
    powers: Float64Array,
    sample_rate: int,
    channels: int,
    reached: list[Float64Array],
) -> Iterator[Float32Array]:
    """Give a conversion the short-term loudness of its source, and the whole of it the integrated one.

    The gain is the square root of the ratio of both K-weighted powers, each smoothed over 3 s to both sides:
    slow enough to leave attacks and decays as the generator made them, 1 where nothing was changed. A factor
    for all of it follows; see :class:`styleshift.conversion.track.whole.WholeLoudness`.

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
    smoother = _Smoother(round(SMOOTHING_SECONDS / STEP_SECONDS), powers)
    whole = WholeLoudness(powers, reached)
    gains = Curve(meter.step / sample_rate, sample_rate)
    waiting = ArrayQueue()

    def ready(length: int) -> Iterator[Float32Array]:
        while length > 0:
            piece = waiting.take(min(length, 1 << 16))
            length -= len(piece)
            yield piece * gains.take(len(piece))[:, None]

    for block in blocks:
        waiting.push(block)
        gains.push(whole.push(*smoother.push(meter.push(block))))
        yield from ready(min(len(waiting), len(gains)))
    for last in (smoother.push(meter.finish()), smoother.finish()):
        gains.push(whole.push(*last))
    gains.push(whole.finish())
    yield from ready(len(waiting))


class _Smoother:
    """Gains towards the powers ``wanted``, with a Hann kernel of ``reach`` values to both sides."""

    def __init__(self, reach: int, wanted: Float64Array) -> None:
        self._reach = reach
        self._kernel = np.hanning(2 * reach + 3)[1:-1]
        self._wanted = wanted
        self._powers = np.zeros((2, 0))
        self._given = 0
        self._start = 0  # index of the first power that is kept

    def push(self, converted: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Take powers in; return the gains that are certain, and the powers that they belong to."""
        known = self._start + self._powers.shape[1]
        source = self._wanted[known : known + len(converted)]
        assert len(source) == len(converted), "the source was measured over another length"
        self._powers = np.concatenate([self._powers, np.stack([converted, source])], axis=1)
        return self._gains(self._start + self._powers.shape[1] - self._reach)

    def finish(self) -> tuple[Float64Array, Float64Array]:
        """The same up to the last power."""
        return self._gains(self._start + self._powers.shape[1])

    def _gains(self, end: int) -> tuple[Float64Array, Float64Array]:
        gains = []
        for index in range(self._given, end):
            low = max(self._start, index - self._reach)
            high = min(self._start + self._powers.shape[1], index + self._reach + 1)
            kernel = self._kernel[low - index + self._reach : high - index + self._reach]
            converted, source = (
                self._powers[:, low - self._start : high - self._start] @ kernel / kernel.sum()
            )
            gains.append(np.sqrt((source + _QUIET) / (converted + _QUIET)))
        made = np.asarray(gains, np.float64)
        first = self._given - self._start
        powers = self._powers[0, first : first + len(made)]
        self._given += len(made)
        forget = self._given - self._reach - self._start
        if forget > 0:
            self._powers = self._powers[:, forget:]
            self._start += forget
        return made, powers


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
