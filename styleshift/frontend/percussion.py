"""Percussion told from harmony on magnitudes alone, and damped: a stretch of frames at a time.

Drums stand in a spectrogram as lines across the frequencies, held notes as lines along time. A median along
time keeps the second and removes the first, a median along frequency the other way round, and from both
follows how much of each bin is either (Fitzgerald 2010, "Harmonic/percussive separation using median
filtering"; soft masks as there). A frame depends on eight frames to each side and on nothing else, so
stretches that have so many around them join exactly.

The same code takes NumPy arrays and torch tensors: a median is a sorting network of minima and maxima
(Batcher 1968), of which what its middle output does not need is left out. The widths are a fifth of a second
and some 370 Hz.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from pydantic import Field

from styleshift.frontend.compression import compressed, expanded
from styleshift.frontend.config import SpectrogramConfig
from styleshift.validation import settings

ArrayT = TypeVar("ArrayT")  # a NumPy array or a torch tensor

_SECONDS = 0.2
_HERTZ = 370.0
_CLEARLY = 2.0
_NOTHING = 1e-20  # power; far below one 16-bit step
# A median takes the memory of its input so many times as it is wide: of 12 s some 40 MB.
_FRAMES_AT_ONCE = 1024


@settings
class PercussionDamping:
    """What is done to drums in front of a model; see :class:`PercussionSplitter`."""

    damp_db: float = Field(ge=0, le=80)
    """By how many dB what is percussive of a recording is made softer."""


class PercussionSplitter:
    """Tells how percussive each bin is, and damps what is.

    Arrays are NumPy's or torch's; their last two axes are frames and bins.

    Args:
        config: of the spectrograms.
    """

    def __init__(self, config: SpectrogramConfig) -> None:
        self.config = config
        self.frames = _odd(_SECONDS * config.frame_rate)
        self.bins = _odd(_HERTZ * config.fft_length / config.sample_rate)

    @property
    def reach(self) -> int:
        """Frames to each side that decide about a frame."""
        return self.frames // 2

    def percussive(self, magnitude: ArrayT) -> ArrayT:
        """The share of each bin's magnitude that is percussive, 0 to 1.

        Args:
            magnitude: ``[..., frames, bins]``, at least 0; continued beyond its ends by its mirror image.
        """
        harmonic, percussive = (part * part for part in self._medians(magnitude))
        found: ArrayT = percussive / (harmonic + percussive + _NOTHING)
        return found

    def damp(self, log_magnitude: ArrayT, damp_db: Any) -> ArrayT:
        """Make what is percussive softer.

        Args:
            log_magnitude: ``[..., frames, bins]``, compressed as ``config`` says.
            damp_db: by how much, dB; a number, or a tensor of one that stays on its device.
        """
        magnitude: Any = expanded(log_magnitude, self.config)
        kept = 1 - (1 - 10 ** (-damp_db / 20)) * self.percussive(magnitude)
        found: ArrayT = compressed(magnitude * kept, self.config)
        return found

    def level_db(self, log_magnitude: ArrayT) -> float:
        """Power of what is clearly percussive over that of all, dB; of ``[..., frames, bins]``.

        Clearly: the median along frequency is more than twice that along time (the separation factor of
        Driedger, Mueller and Disch 2014), so that what is neither does not count. nan of silence.
        """
        log: Any = log_magnitude
        found = everything = 0.0
        for start in range(0, log.shape[-2], _FRAMES_AT_ONCE):
            first = max(0, start - self.reach)
            some = log[..., first : start + _FRAMES_AT_ONCE + self.reach, :]
            own = (..., slice(start - first, start - first + _FRAMES_AT_ONCE), slice(None))
            magnitude: Any = expanded(some, self.config)
            harmonic, percussive = (median[own] for median in self._medians(magnitude))
            power = magnitude[own] ** 2
            found += float((power * (percussive > _CLEARLY * harmonic)).sum())
            everything += float(power.sum())
        return 10 * math.log10((found + _NOTHING) / (everything + _NOTHING)) if everything else math.nan

    def _medians(self, magnitude: Any) -> tuple[Any, Any]:
        """Along time and along frequency."""
        return running_median(magnitude, self.frames, -2), running_median(magnitude, self.bins, -1)


def running_median(values: Any, width: int, axis: int) -> Any:
    """The median of ``width`` (odd) values around each along an axis, with the ends mirrored.

    Args:
        values: a NumPy array or a torch tensor.
        width: odd.
        axis: counted from the end, -1 or -2.
    """
    low: Any
    high: Any
    count = values.shape[axis]
    if isinstance(values, np.ndarray):
        widths = [(width // 2,) * 2 if axis == place else (0, 0) for place in range(-values.ndim, 0)]
        padded: Any = np.pad(values, widths, mode="symmetric")
        low, high = np.minimum, np.maximum
    else:
        import torch

        padded = _mirrored(values, width // 2, axis)
        low, high = torch.minimum, torch.maximum
    cut = [slice(None)] * padded.ndim
    lanes = []
    for start in range(width):
        cut[axis] = slice(start, start + count)
        lanes.append(padded[tuple(cut)])
    for one, other in _comparisons(width):
        lanes[one], lanes[other] = low(lanes[one], lanes[other]), high(lanes[one], lanes[other])
    return lanes[width // 2]


def _mirrored(values: Any, more: int, axis: int) -> Any:
    """A tensor with so many of its mirror image at both ends, as NumPy's ``symmetric``."""
    import torch

    while more:
        part = min(more, values.shape[axis])
        head = values.narrow(axis, 0, part)
        tail = values.narrow(axis, values.shape[axis] - part, part)
        values = torch.cat([head.flip(axis), values, tail.flip(axis)], dim=axis)
        more -= part
    return values


@lru_cache(maxsize=8)
def _comparisons(count: int) -> tuple[tuple[int, int], ...]:
    """Pairs of lanes that put the median of ``count`` into the middle one: Batcher's merge exchange."""
    pairs: list[tuple[int, int]] = []
    top = 1 << max(0, (count - 1).bit_length() - 1)
    part = top
    while part > 0:
        reach, distance, offset = top, part, 0
        while True:
            pairs += [(i, i + distance) for i in range(count - distance) if i & part == offset]
            if reach == part:
                break
            distance, reach, offset = reach - part, reach // 2, part
        part //= 2
    needed, kept = {count // 2}, []
    for pair in reversed(pairs):
        if needed.intersection(pair):
            needed.update(pair)
            kept.append(pair)
    return tuple(reversed(kept))


def _odd(size: float) -> int:
    """The odd whole number nearest to a size, 3 at least."""
    return max(3, 2 * math.floor(size / 2) + 1)
