"""A constant that lies under a recording: found, and taken out.

Nobody hears it, but it is power: the level that a model is given would be wrong, and what the model makes of
the lowest bins would be rumble.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.conversion.track.queues import ArrayQueue

LEAST_OFFSET = 0.003
"""Of full scale; less is left where it is."""
_STEP_SECONDS = 0.1
# Steps at least, of whatever length: fewer cannot agree.
_LEAST_STEPS = 10
# The middle half of the means may lie so far apart, beside the offset: those of a decaying or a slow wave,
# which have a mean where it is cut, lie further.
_APART = 0.5


class OffsetMeter:
    """Finds the offset of each channel of a stream: the median of the means of 0.1 s each, where they agree.

    A stroke of a drum, or a wave that is cut in the middle, moves few of them; those of a bass drum or a low
    tone differ among themselves. What is shorter than a second is cut into ten.

    Args:
        sample_rate: Hz.
        channels: of the blocks to come.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._step = max(1, round(sample_rate * _STEP_SECONDS))
        self._channels = channels
        self._waiting = ArrayQueue()
        self._means: list[Float32Array] = []

    def push(self, block: Float32Array) -> None:
        """Take in samples ``[n, channels]`` float32, full scale at 1.0."""
        self._waiting.push(block)
        count = len(self._waiting) // self._step
        if count >= (1 if self._means else _LEAST_STEPS):
            self._measure(count, self._step)

    def _measure(self, count: int, step: int) -> None:
        rows = self._waiting.take(count * step).reshape(count, -1)
        # One channel after the other: numpy is slow where the innermost axis has but two values.
        with np.errstate(invalid="ignore"):  # what is not finite is refused elsewhere
            means = [rows[:, channel :: self._channels].mean(axis=1) for channel in range(self._channels)]
        self._means.append(np.stack(means, axis=1))

    def finish(self) -> Float32Array | None:
        """The offset ``[channels]`` float32, 0 in channels that have next to none; None: in none of them."""
        if not self._means and len(self._waiting) >= _LEAST_STEPS:
            self._measure(_LEAST_STEPS, len(self._waiting) // _LEAST_STEPS)
        if not self._means:
            return None
        low, middle, high = np.quantile(np.concatenate(self._means), (0.25, 0.5, 0.75), axis=0)
        there = (np.abs(middle) >= LEAST_OFFSET) & (high - low < _APART * np.abs(middle))
        return np.where(there, middle, 0).astype(np.float32) if there.any() else None


def without_offset(blocks: Iterable[Float32Array], offset: Float32Array | None) -> Iterator[Float32Array]:
    """The same samples ``[n, channels]`` around zero."""
    for block in blocks:
        yield block if offset is None else block - offset
