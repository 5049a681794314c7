"""Loudness as ITU-R BS.1770-4 weighs and gates it, streaming.

The K-weighting is applied to the power spectrum of 0.2 s frames instead of to the waveform: the same energies
to a few hundredths of a dB, without a recursive filter over every sample.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array, Float64Array
from styleshift.conversion.track.queues import ArrayQueue
from styleshift.frontend import SpectrogramConfig, log_spectrogram

STEP_SECONDS = 0.1
_FRAMES_AT_ONCE = 16
_OFFSET = -0.691  # BS.1770: 997 Hz at 0 dBFS in one channel reads -3.01 LKFS


def k_weighting(frequency: Float64Array, sample_rate: int) -> Float64Array:
    """|H|^2 of the K-weighting filters at ``frequency`` Hz.

    The two biquads of BS.1770-4, annex 1, tables 1 and 2, moved to any sample rate through their analogue
    prototypes (the bilinear transform with these values gives the tables back at 48 kHz).
    """
    z = np.exp(-2j * np.pi * frequency / sample_rate)

    def biquad(b: tuple[float, float, float], a: tuple[float, float, float]) -> npt.NDArray[np.complex128]:
        top = b[0] + b[1] * z + b[2] * z**2
        bottom = a[0] + a[1] * z + a[2] * z**2
        return np.asarray(top / bottom)

    # High shelf: +4 dB above 1.68 kHz, for the head.
    gain = 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416
    quality = 0.7071752369554196
    # Pre-warping has no meaning at or above the Nyquist frequency of very low rates.
    k = math.tan(math.pi * min(1681.974450955533 / sample_rate, 0.49))
    shelf = biquad(
        (gain + middle * k / quality + k * k, 2 * (k * k - gain), gain - middle * k / quality + k * k),
        (1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k),
    )
    # High-pass at 38 Hz. Table 2 has b = (1, -2, 1) over an a normalised to a0 = 1, hence the factor a0.
    quality = 0.5003270373238773
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    high_pass = biquad(
        (1.0, -2.0, 1.0),
        (1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k),
    ) * (1 + k / quality + k * k)
    return np.abs(shelf * high_pass) ** 2


@cache
def _measure(sample_rate: int, step: int) -> tuple[Float32Array, SpectrogramConfig, Float32Array]:
    """The window, settings of the front end and a weight for each bin, which take as long as a short file."""
    size = 2 * step
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32).reshape(2, -1)
    # Frames come one after the other, under their window already: the front end has none like it.
    frames = SpectrogramConfig(
        frame_length=size,
        hop_length=size,
        fft_length=size,
        window="rectangular",
        center=False,
        compression="none",
    )
    weights = k_weighting(np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float64), sample_rate)
    weights[1 : size // 2] *= 2  # the half of the spectrum that is left out
    # float32 holds a power to 1e-7 of itself, which is far below a hundredth of a dB.
    return window, frames, (weights / (size * step)).astype(np.float32)


class KWeightedPower:
    """K-weighted power of a stream, one value for every 0.1 s.

    Frames of 0.2 s under a sine window overlap by half; the squares of the window sum to one, so no sample
    counts more than another. The stream is thought to be silent before its start and after its end.

    Args:
        sample_rate: Hz.
        channels: of the blocks to come; their powers are added, as BS.1770 adds them.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.step = max(8, round(sample_rate * STEP_SECONDS))
        self._window, self._frames, self._weights = _measure(sample_rate, self.step)
        self._waiting = ArrayQueue()
        self._waiting.push(np.zeros((self.step, channels), np.float32))
        self._channels = channels

    def push(self, block: Float32Array) -> Float64Array:
        """Take in ``[n, channels]``; return the powers ``[k]`` that are complete, by sixteen.

        Value ``i`` of the whole is centred on second ``i * step / sample_rate``.
        """
        self._waiting.push(block)
        count = len(self._waiting) // self.step - 1
        return self._measured(count - count % _FRAMES_AT_ONCE)

    def _measured(self, count: int) -> Float64Array:
        if count <= 0:
            return np.empty(0)
        powers = np.zeros(count)
        # As many at once as the front end transforms at once in any case; few enough to stay in the cache.
        for start in range(0, count, _FRAMES_AT_ONCE):
            some = min(_FRAMES_AT_ONCE, count - start)
            steps = self._waiting.peek((some + 1) * self.step).T.reshape(self._channels, some + 1, self.step)
            self._waiting.drop(some * self.step)
            frames = np.empty((self._channels, some, 2, self.step), np.float32)
            np.multiply(steps[:, :-1], self._window[0], out=frames[:, :, 0])
            np.multiply(steps[:, 1:], self._window[1], out=frames[:, :, 1])
            rows = frames.reshape(self._channels, -1)
            spectra = log_spectrogram(rows, self._frames, power=2.0, threads=1)
            # Frame by frame: a product of matrices would round by how many there are.
            powers[start : start + some] = [self._weights @ row for row in spectra.sum(axis=0)]
        return powers

    def finish(self) -> Float64Array:
        """The powers of what is left, the last frame filled up with silence."""
        rest = -len(self._waiting) % self.step + self.step
        self._waiting.push(np.zeros((rest, self._channels), np.float32))
        return self._measured(len(self._waiting) // self.step - 1)


def integrated_loudness(powers: Float64Array) -> float | None:
    """Gated loudness in LUFS of :class:`KWeightedPower`'s values; None where all is below -70 LUFS.

    Blocks of 0.4 s that overlap by three quarters, an absolute gate at -70 LUFS, a relative one at -10 LU.
    Less than one block is taken as it is.
    """
    if len(powers) >= 4:
        sums = np.cumsum(np.concatenate([[0.0], powers]))
        blocks = (sums[4:] - sums[:-4]) / 4
    else:
        blocks = powers
    heard = blocks[blocks > 10 ** ((-70 - _OFFSET) / 10)]
    if not len(heard):
        return None
    kept = heard[heard > heard.mean() / 10]
    return float(_OFFSET + 10 * np.log10(kept.mean()))
