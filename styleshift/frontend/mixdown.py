"""A recording's channels become one, at the sample rate of its spectrogram, block by block."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import _native
from styleshift.frontend.arguments import Stream, whole_number_of


@lru_cache(maxsize=16)
def _change(_variant: str, source_rate: int, target_rate: int) -> _native.RateChange:
    return _native.RateChange(source_rate, target_rate)


class Mixdown(Stream):
    """Takes blocks of interleaved samples and gives the mean of their channels at another rate.

    All in the processor's caches: channels are added, a block of their mean is transformed, its bins pass
    a linear-phase low pass and are transformed back at the other rate (overlap-save). Flat to 0.913 of the
    lower Nyquist frequency and 126 dB down from that frequency on, as libsoxr's HQ setting, in a third of the
    time.

    All samples together are the same, bit for bit, however the input was cut. Sample ``i`` is at the time of
    frame ``i * source_rate / target_rate``; there are as many as the frames last, rounded half up.

    Args:
        source_rate: of the blocks, Hz.
        target_rate: of what comes back, Hz; see :meth:`can`.
        channels: of the blocks.

    Raises:
        ConfigError: an argument out of range, or rates that :meth:`can` does not take.
    """

    def __init__(self, source_rate: int, target_rate: int, channels: int) -> None:
        self._channels = whole_number_of(channels, "channels", 1, 1024)
        if not self.can(source_rate, target_rate):
            raise ConfigError(f"{source_rate} Hz cannot become {target_rate} Hz here")
        same = source_rate == target_rate
        change = None if same else _change(_native.chosen_variant(), source_rate, target_rate)
        self._mixdown = _native.Mixdown(change, self._channels)

    @staticmethod
    def can(source_rate: int, target_rate: int) -> bool:
        """Whether the ratio of two rates is one of small whole numbers, as it is of all that are common."""
        return source_rate == target_rate or _native.RateChange.possible(source_rate, target_rate)

    def push(self, block: ArrayLike) -> NDArray[np.float32]:
        """Add frames ``[n, channels]`` float32; returns ``[m]``, what is finished now, maybe nothing.

        Raises:
            ConfigError: another shape, or the mix has been finished.
        """
        array = np.ascontiguousarray(block, np.float32)
        if array.ndim != 2 or array.shape[1] != self._channels:
            raise ConfigError(f"block has shape {array.shape}; it must be [frames, {self._channels}]")
        self._check_open()
        return self._mixdown.push(array)

    def finish(self) -> NDArray[np.float32]:
        """No more frames: the remaining samples, ``[m]``."""
        self._check_open(ends=True)
        return self._mixdown.finish()

    @property
    def kept_power(self) -> float:
        """The power of the mix over the mean power of the channels, so far; NaN of silence.

        1 where all are the same, ``1 / channels`` where they have nothing in common, 0 where they cancel.
        """
        if self._channels == 1:
            return 1.0
        mean = self._mixdown.channel_power / self._channels
        return self._mixdown.mixed_power / mean if mean else float("nan")
