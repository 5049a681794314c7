"""The two searches for a phase, and the vocoder around them.

All arrays are ``[channels, frames, bins]``: magnitudes float32, spectra complex64. Two sets are projected on
in turn: the spectra of the wanted magnitude (``to_magnitude``), and the consistent ones, which are the
transform of some waveform (``to_consistent``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from styleshift.frontend import istft, magnitude, pghi, stft

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig

Magnitudes = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]
Search = Callable[[Magnitudes, Spectra], Spectra]

# What is below has no phase to speak of; far below the 16-bit noise of any recording.
_NOTHING = np.float32(1e-12)


class PhaseVocoder:
    """A vocoder; see :class:`styleshift.hooks.Vocoder`. It keeps nothing from call to call.

    Args:
        spectrogram: front-end settings.
        start: ``source`` or ``pghi``.
        search: from magnitudes and a spectrum to start with, to a spectrum of those magnitudes.
    """

    def __init__(self, spectrogram: SpectrogramConfig, start: str, search: Search) -> None:
        self._spectrogram = spectrogram
        self._start = start
        self._search = search

    def __call__(self, log_magnitude: Magnitudes, source: Spectra | None, samples: int) -> Magnitudes:
        """``[channels, samples]`` float32."""
        size = magnitude(log_magnitude, self._spectrogram)
        if source is None or self._start == "pghi":
            begin = pghi(size, self._spectrogram, threads=1)
        else:
            begin = to_magnitude(size, source)
        # Where neither has a phase, any is better than none: a spectrum of zeros would stay zero.
        begin = np.where(np.abs(begin) > 0, begin, size).astype(np.complex64)
        return istft(self._search(size, begin), self._spectrogram, length=samples, threads=1)


def to_magnitude(
    size: Magnitudes, spectrum: Spectra, out: Spectra | None = None, scratch: Magnitudes | None = None
) -> Spectra:
    """The nearest spectrum of the wanted magnitude: the phase stays.

    ``out`` (it may be ``spectrum`` itself) and ``scratch`` save the memory that a round would ask for anew.
    """
    scratch = np.abs(spectrum, out=scratch)
    np.maximum(scratch, _NOTHING, out=scratch)
    np.divide(size, scratch, out=scratch)
    found: Spectra = np.multiply(spectrum, scratch, out=out)
    return found


def to_consistent(spectrum: Spectra, spectrogram: SpectrogramConfig) -> Spectra:
    """The nearest consistent spectrum (Griffin and Lim 1984, eq. 6)."""
    frames = spectrum.shape[-2]
    # Centred, the last frame reaches a hop beyond its middle: without those samples it would lose energy,
    # and a single frame all of its own.
    samples = max(1, frames * spectrogram.hop_length - 1) if spectrogram.center else None
    audio = istft(spectrum, spectrogram, length=samples, threads=1)
    found: Spectra = stft(audio, spectrogram, threads=1)[..., :frames, :]
    return found


def agla(
    size: Magnitudes,
    start: Spectra,
    spectrogram: SpectrogramConfig,
    *,
    iterations: int,
    alpha: float,
    beta: float,
    gamma: float,
) -> Spectra:
    """Accelerated Griffin-Lim.

    R. Nenov, D.-K. Nguyen, P. Balazs: Faster than fast: accelerating the Griffin-Lim algorithm, ICASSP 2023
    (arXiv 2304.05905). It generalises Fast Griffin-Lim (Perraudin et al. 2013), which is ``gamma = 1``.

    Args:
        size: wanted magnitudes.
        start: a spectrum with the phase to begin with.
        spectrogram: front-end settings.
        iterations: rounds.
        alpha: see :class:`styleshift_phase.AglaOptions`.
        beta: likewise.
        gamma: likewise.

    Returns:
        A spectrum of the wanted magnitudes.
    """
    if iterations == 0:
        return to_magnitude(size, start)
    scratch = np.empty_like(size)
    projected = to_consistent(to_magnitude(size, start, None, scratch), spectrogram)
    ahead, mixed, step = projected.copy(), projected.copy(), projected
    for _ in range(iterations - 1):
        # In the paper's names: t is projected, c ahead, d mixed; step holds the t before, then t less that.
        projected = to_consistent(to_magnitude(size, ahead, ahead, scratch), spectrogram)
        projected *= np.float32(gamma)
        mixed *= np.float32(1 - gamma)
        projected += mixed
        np.subtract(projected, step, out=step)
        np.multiply(step, np.float32(alpha), out=ahead)
        ahead += projected
        np.multiply(step, np.float32(beta), out=mixed)
        mixed += projected
        step = projected
    return to_magnitude(size, ahead, ahead, scratch)


def admm(
    size: Magnitudes,
    start: Spectra,
    spectrogram: SpectrogramConfig,
    *,
    iterations: int,
    rho: float,
) -> Spectra:
    """Phase recovery by the alternating direction method of multipliers.

    Y. Masuyama, K. Yatabe, Y. Oikawa: Griffin-Lim like phase recovery via alternating direction method of
    multipliers, IEEE Signal Processing Letters 26 (1), 2019 (doi:10.1109/LSP.2018.2884026): the magnitude is
    kept exactly, the distance to consistency is made small.

    Args:
        size: wanted magnitudes.
        start: a spectrum with the phase to begin with.
        spectrogram: front-end settings.
        iterations: rounds.
        rho: see :class:`styleshift_phase.AdmmOptions`.

    Returns:
        A spectrum of the wanted magnitudes.
    """
    scratch = np.empty_like(size)
    found = to_magnitude(size, start, None, scratch)
    dual, part = np.zeros_like(found), np.empty_like(found)
    for _ in range(iterations):
        # In the paper's names: x is found, z near, u dual. Here the dual is the point to project; less what
        # comes of that, it is the next round's.
        dual += found
        near = to_consistent(dual, spectrogram)
        near *= np.float32(1 / (1 + rho))
        np.multiply(dual, np.float32(rho / (1 + rho)), out=part)
        near += part
        dual -= near
        np.subtract(near, dual, out=found)
        to_magnitude(size, found, found, scratch)
    return found
