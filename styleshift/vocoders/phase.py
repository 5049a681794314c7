"""The built-in vocoders: the magnitude is given, they differ in where the phase comes from.

All are built as :class:`styleshift.hooks.records.VocoderSpec` says, and return ``[channels, samples]``
float32 for ``[channels, frames, bins]``; see :class:`styleshift.hooks.records.Vocoder`. One thread each:
conversion runs a file a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from styleshift.errors import ConfigError
from styleshift.hooks.records import Vocoder

if TYPE_CHECKING:
    from styleshift.arrays import ComplexArray, Float32Array
    from styleshift.frontend import SpectrogramConfig
    from styleshift.vocoders.options import GriffinLimOptions, PghiOptions


_SMALLEST = 1e-30


def unit_phase(source: ComplexArray) -> ComplexArray:
    """``source`` divided by its own magnitude, and 1 where there is none; complex64 of the same shape."""
    import numpy as np  # late: the vocoders are listed where there is no sound

    size = np.abs(source)
    # The inverse of what is smaller overflows float32: a channel of 1e-34 became NaN.
    heard = size > _SMALLEST
    return np.where(heard, source / np.where(heard, size, 1), 1).astype(np.complex64)


def source_phase(options: Any, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    """The vocoder that gives the source's phase to the new magnitude.

    It raises ConfigError where there is no source.
    """
    from styleshift.frontend import istft, magnitude

    def invert(log_magnitude: Float32Array, source: ComplexArray | None, samples: int) -> Float32Array:
        if source is None:
            raise ConfigError(
                "the vocoder source-phase needs a recording whose phase it can use", "use griffin-lim"
            )
        spectrum = magnitude(log_magnitude, spectrogram) * unit_phase(source)
        return istft(spectrum, spectrogram, length=samples, threads=1)

    return invert


def griffin_lim_vocoder(options: GriffinLimOptions, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    """Fast Griffin-Lim rounds that start from the source's phase, or from noise where there is no source.

    What start and rounds are worth is with :class:`styleshift.vocoders.options.GriffinLimOptions`.
    """
    from styleshift.frontend import griffin_lim, istft, magnitude

    def invert(log_magnitude: Float32Array, source: ComplexArray | None, samples: int) -> Float32Array:
        size = magnitude(log_magnitude, spectrogram)
        if source is not None and options.iterations == 0:
            return istft(size * unit_phase(source), spectrogram, length=samples, threads=1)
        return griffin_lim(
            size,
            spectrogram,
            iterations=options.iterations,
            momentum=options.momentum,
            least_gain=options.least_gain,
            initial_phase=source,  # its magnitudes do not matter
            length=samples,
            threads=1,
        )

    return invert


def pghi_vocoder(options: PghiOptions, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    """Phase gradient heap integration (Prusa, Balazs, Sondergaard 2017), then fast Griffin-Lim rounds.

    The phase comes from the magnitude alone; the source's is not looked at.
    """
    from styleshift.frontend import griffin_lim, istft, magnitude, pghi

    def invert(log_magnitude: Float32Array, source: ComplexArray | None, samples: int) -> Float32Array:
        size = magnitude(log_magnitude, spectrogram)
        spectrum = pghi(size, spectrogram, threads=1)
        if options.iterations == 0:
            return istft(spectrum, spectrogram, length=samples, threads=1)
        return griffin_lim(
            size,
            spectrogram,
            iterations=options.iterations,
            momentum=options.momentum,
            initial_phase=spectrum,
            length=samples,
            threads=1,
        )

    return invert
