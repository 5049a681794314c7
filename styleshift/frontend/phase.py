"""Waveforms from magnitudes alone: Griffin-Lim and phase gradient heap integration."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import _native
from styleshift.frontend.arguments import (
    frame_rows,
    length_of,
    number_of,
    plan_of,
    threads_of,
    whole_number_of,
)
from styleshift.frontend.config import SpectrogramConfig


def griffin_lim(
    magnitude: ArrayLike,
    config: SpectrogramConfig,
    *,
    iterations: int = 32,
    momentum: float = 0.99,
    initial_phase: ArrayLike | Literal["random", "pghi"] | None = None,
    length: int | None = None,
    seed: int = 0,
    least_gain: float = 0.0,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """A waveform whose spectrum has about these magnitudes.

    Griffin and Lim 1984, accelerated as by Perraudin, Balazs and Sondergaard 2013.

    Args:
        magnitude: ``[..., frames, bins]`` linear magnitudes, at least 0.
        config: as given to :func:`styleshift.frontend.stft`.
        iterations: rounds of inverse and forward transform, 0 or more; one more inverse follows.
        momentum: 0 is the plain algorithm; 0.99 converges faster.
        initial_phase: ``[..., frames, bins]`` complex values (their magnitudes do not matter) or angles in
            radians; ``"pghi"``: :func:`pghi` of the magnitudes; ``"random"`` or None: random.
        length: samples to return; None: as for :func:`styleshift.frontend.istft`.
        seed: of the random phases; the same seed gives the same samples.
        least_gain: end early, each signal by itself, where four rounds took less than this share of the
            squared distance between its spectrum's magnitudes and those that are wanted; 0: never.
        threads: as for :func:`styleshift.frontend.stft`; they share out leading axes, then frames.

    Returns:
        ``[..., length]`` float32.

    Raises:
        ConfigError: an argument of the wrong type, shape or range.
    """
    plan = plan_of(config)
    rows = frame_rows(magnitude, config, "magnitude", np.float32)
    rounds = whole_number_of(iterations, "iterations", 0, 1_000_000)
    push = number_of(momentum, "momentum", 0.0, 2.0)
    least = number_of(least_gain, "least_gain", 0.0, 1.0)
    number = whole_number_of(seed, "seed", 0, (1 << 63) - 1)
    samples = length_of(length, plan.samples(rows.shape[1]))
    workers = threads_of(threads, rows.size * (rounds + 1))
    start = None
    if isinstance(initial_phase, str):
        if initial_phase not in ("random", "pghi"):
            raise ConfigError(f"initial_phase is {initial_phase!r}; it may be 'random', 'pghi' or an array")
        if initial_phase == "pghi":
            start = _native.pghi(plan, rows, 1e-6, False, number, workers)
    elif initial_phase is not None:
        angles = np.asarray(initial_phase)
        if not np.iscomplexobj(angles):
            angles = np.exp(1j * angles.astype(np.float32))
        start = frame_rows(angles, config, "initial_phase", np.complex64)
        if start.shape != rows.shape:
            raise ConfigError(
                f"initial_phase has shape {angles.shape}; it must be that of magnitude, {np.shape(magnitude)}"
            )
    out = _native.griffin_lim(plan, rows, start, rounds, push, number, least, samples, workers)
    return out.reshape(*np.shape(magnitude)[:-2], samples)


def pghi(
    magnitude: ArrayLike,
    config: SpectrogramConfig,
    *,
    tolerance: float = 1e-6,
    real_time: bool = False,
    seed: int = 0,
    threads: int | None = None,
) -> NDArray[np.complex64]:
    """Magnitudes with the phases that their own gradients imply.

    Phase gradient heap integration (Prusa, Balazs and Sondergaard 2017). It is made for Gaussian windows
    and at least fourfold overlap; other windows are taken for the Gaussian nearest to them.

    Args:
        magnitude: ``[..., frames, bins]`` linear magnitudes, at least 0.
        config: as given to :func:`styleshift.frontend.stft`.
        tolerance: bins below this share of the loudest get random phases.
        real_time: go frame by frame, each from the one before and the magnitudes of the one after (Prusa and
            Sondergaard 2016). What counts as silent is still measured on the loudest bin of all frames. For
            people who compare the two, or plan for sound that comes live; vocoders look at all frames.
        seed: of the random phases.
        threads: as for :func:`styleshift.frontend.stft`; they share out the leading axes.

    Returns:
        ``[..., frames, bins]`` complex64, for :func:`styleshift.frontend.istft` or as the ``initial_phase``
        of :func:`griffin_lim`.

    Raises:
        ConfigError: an argument of the wrong type, shape or range.
    """
    plan = plan_of(config)
    rows = frame_rows(magnitude, config, "magnitude", np.float32)
    share = number_of(tolerance, "tolerance", 0.0, 1.0)
    number = whole_number_of(seed, "seed", 0, (1 << 63) - 1)
    out = _native.pghi(plan, rows, share, bool(real_time), number, threads_of(threads, rows.size * 8))
    return out.reshape(np.shape(magnitude))
