"""The generator's part of a conversion: spectra of a recording in, log magnitudes of the new style out.

However many channels there are, the generator sees one spectrogram: the root mean square of the channels'
magnitudes. That is the mid of a stereo recording where both sides agree, and, unlike a mixdown of waveforms,
it loses nothing where they do not. What the generator changes is given to every channel as the same change,
so each keeps its share of each bin: the stereo image stays, and stereo costs no more than mono.

Measured on two violins panned 75 to 25, converted to pianos: as near to two pianos converted alone and then
panned as with every channel converted by itself (0.9 dB of log-mel distance), at half the cost, and the level
difference of the channels moves by 0.3 dB a band instead of 0.6. Panned hard left and right, a channel by
itself wins by 0.5 dB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from styleshift.audio.level import REFERENCE_LEVEL_DB
from styleshift.conversion.queues import ArrayQueue
from styleshift.conversion.windows import WindowPlan, convert_windows
from styleshift.errors import BundleError
from styleshift.frontend import compress, magnitude

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig

Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]

# A frame this far below the recording's level is left as it is; from 10 dB above that on it is converted. A
# generator asked for the timbre of silence would answer with noise.
GATE_DB = -70.0
GATE_WIDTH_DB = 10.0

# The band above the model's follows what the generator does to the top quarter of its own band.
_TOP_BAND = 0.75
TOP_SECONDS = 0.2
_HIGHEST_TOP_GAIN = 10 ** (6 / 20)
_LOWEST_TOP_GAIN = 10 ** (-40 / 20)


class Told(Protocol):
    """Whoever wants to know values as they come."""

    def push(self, values: npt.NDArray[np.float64]) -> None:
        """Take values ``[n]`` in."""
        ...


@dataclass(frozen=True, slots=True)
class Restyled:
    """A stretch of frames, before and after.

    Attributes:
        log_magnitude: ``[channels, n, bins]`` float32, of the new style.
        source: ``[channels, n, bins]`` complex64, what came in.
    """

    log_magnitude: Float32Array
    source: ComplexArray


def restyle(
    spectra: Iterable[ComplexArray],
    *,
    spectrogram: SpectrogramConfig,
    plan: WindowPlan,
    run: Callable[[Float32Array], Float32Array],
    batch: int,
    top_gain: Told,
) -> Iterator[Restyled]:
    """Convert spectra that are at the reference level.

    Args:
        spectra: pieces ``[channels, n, bins]`` complex64; ``plan.frames`` frames in all.
        spectrogram: what they were made with.
        plan: the windows.
        run: the model, ``[batch, 1, bins, window]`` float32 to the same.
        batch: windows at once.
        top_gain: told, one value a frame, how much louder the top of the band became.

    Yields:
        Pieces of varying length, ``plan.frames`` frames in all.

    Raises:
        BundleError: the model gives NaN or infinity.
    """
    waiting = ArrayQueue(axis=1)
    gate_scale = _power_scale(spectrogram)
    smoother = TopGain(spectrogram)

    def seen() -> Iterator[Float32Array]:
        for spectrum in spectra:
            waiting.push(spectrum)
            yield compress(joint_magnitude(spectrum), spectrogram)

    for converted in convert_windows(seen(), plan, run, batch):
        if not np.isfinite(converted).all():
            raise BundleError(
                "the model gives NaN or infinity instead of a spectrum", "train it again, or try another"
            )
        if not converted.shape[1]:
            continue
        source: ComplexArray = waiting.take(converted.shape[1])
        joint = joint_magnitude(source)
        power = np.square(joint, dtype=np.float64).sum(axis=-1, keepdims=True) * gate_scale
        level = 10 * np.log10(power + 1e-30) - REFERENCE_LEVEL_DB
        opened = np.clip((level - GATE_DB) / GATE_WIDTH_DB, 0, 1).astype(np.float32)
        new = magnitude(converted, spectrogram)
        new = joint + opened * (new - joint)
        top_gain.push(smoother.push(joint[0], new[0]))
        yield Restyled(compress(new * _shares(source, joint), spectrogram), source)
    top_gain.push(smoother.finish())


def joint_magnitude(spectrum: ComplexArray) -> Float32Array:
    """Root mean square over channels: ``[channels, n, bins]`` complex64 to ``[1, n, bins]`` float32."""
    if len(spectrum) == 1:
        return np.abs(spectrum)
    power = np.square(spectrum.real).mean(axis=0) + np.square(spectrum.imag).mean(axis=0)
    return np.asarray(np.sqrt(power)[None], np.float32)


def _shares(source: ComplexArray, joint: Float32Array) -> Float32Array:
    """Each channel's magnitude over the joint one; 1 where there is nothing to share."""
    if len(source) == 1:
        return np.ones((1, 1, 1), np.float32)
    heard = joint > 0
    return np.where(heard, np.abs(source) / np.where(heard, joint, 1), 1).astype(np.float32)


def _power_scale(spectrogram: SpectrogramConfig) -> float:
    """What makes the sum of a frame's squared magnitudes the mean square of its samples, found with noise."""
    from styleshift.frontend import stft

    noise = np.random.default_rng(0).standard_normal(64 * spectrogram.frame_length).astype(np.float32)
    power = float(np.square(np.abs(stft(noise, spectrogram, threads=1))).sum(axis=-1).mean())
    return float(np.mean(np.square(noise))) / power


class TopGain:
    """How much louder the top of the band became, smoothed over 0.2 s; one value a frame."""

    def __init__(self, spectrogram: SpectrogramConfig) -> None:
        self._low = int(spectrogram.bins * _TOP_BAND)
        reach = max(1, round(TOP_SECONDS * spectrogram.frame_rate))
        self._kernel = np.hanning(2 * reach + 3)[1:-1]
        self._reach = reach
        self._powers = np.zeros((2, reach))

    def push(self, before: Float32Array, after: Float32Array) -> npt.NDArray[np.float64]:
        """Take magnitudes ``[n, bins]`` in; return the gains that are certain."""
        new = [np.square(part[:, self._low :], dtype=np.float64).sum(axis=1) for part in (before, after)]
        return self._gains(np.stack(new))

    def finish(self) -> npt.NDArray[np.float64]:
        """The gains up to the last frame."""
        return self._gains(np.zeros((2, self._reach)))

    def _gains(self, new: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        self._powers = np.concatenate([self._powers, new], axis=1)
        if self._powers.shape[1] <= 2 * self._reach:
            return np.empty(0)
        before, after = (np.convolve(row, self._kernel, mode="valid") for row in self._powers)
        self._powers = self._powers[:, -2 * self._reach :]
        # The small constant is far below one 16-bit step: silence has a gain of 1.
        gains = np.sqrt((after + 1e-9) / (before + 1e-9))
        return np.clip(gains, _LOWEST_TOP_GAIN, _HIGHEST_TOP_GAIN)
