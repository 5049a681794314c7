"""Short-time Fourier transform, its inverse, and log compression."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import _native
from styleshift.frontend.arguments import (
    compression_of,
    frame_rows,
    length_of,
    output_of,
    plan_of,
    signal_rows,
    threads_of,
)
from styleshift.frontend.config import SpectrogramConfig


def stft(
    samples: ArrayLike,
    config: SpectrogramConfig,
    *,
    out: NDArray[np.complex64] | None = None,
    threads: int | None = None,
) -> NDArray[np.complex64]:
    """Short-time Fourier transform.

    Args:
        samples: ``[..., samples]`` float32, float64 or int16 (scaled by 1/32768).
        config: frames, window and FFT size.
        out: array to write to and return, C-contiguous; None: a new one. Memory of large results that are
            no longer referred to, up to 256 MiB, is kept and used again; see :func:`release_memory`.
        threads: cores to use; None: all that this process may use, as far as the input is worth it. The
            result is the same, bit for bit.

    Returns:
        ``[..., frames, bins]`` complex64, ``config.frames(samples)`` frames, not normalised: a full-scale
        sine has about ``sum(window) / 2``.

    Raises:
        ConfigError: an argument of the wrong type, shape or range.
    """
    plan = plan_of(config)
    rows = signal_rows(samples)
    shape = (plan.frames(rows.shape[1]), config.bins)
    result = output_of(out, (*np.shape(samples)[:-1], *shape), np.dtype(np.complex64))
    _native.stft(plan, rows, result.reshape(rows.shape[0], *shape), threads_of(threads, rows.size))
    return result


def istft(
    spectrum: ArrayLike,
    config: SpectrogramConfig,
    *,
    length: int | None = None,
    out: NDArray[np.float32] | None = None,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Least-squares inverse of :func:`stft` (Griffin and Lim 1984, eq. 6).

    Overlap-adds the windowed frames and divides by the overlap-add of the squared (cropped) window, so it is
    exact on an unmodified spectrum; where no window reaches it returns zeros.

    Args:
        spectrum: ``[..., frames, bins]`` complex. Imaginary parts at 0 Hz and at Nyquist count as zero.
        config: as given to :func:`stft`.
        length: samples to return, cut or padded with zeros; None: ``(frames - 1) * hop_length``, plus
            ``frame_length`` where ``config.center`` is False.
        out: array to write to and return, C-contiguous; None: a new one.
        threads: as for :func:`stft`.

    Returns:
        ``[..., length]`` float32.

    Raises:
        ConfigError: an argument of the wrong type, shape or range.
    """
    plan = plan_of(config)
    rows = frame_rows(spectrum, config, "spectrum", np.complex64)
    samples = length_of(length, plan.samples(rows.shape[1]))
    result = output_of(out, (*np.shape(spectrum)[:-2], samples), np.dtype(np.float32))
    workers = threads_of(threads, rows.shape[0] * samples)
    _native.istft(plan, rows, result.reshape(rows.shape[0], samples), workers)
    return result


def log_spectrogram(
    samples: ArrayLike,
    config: SpectrogramConfig,
    *,
    dtype: DTypeLike = np.float32,
    power: float = 1.0,
    mean: float = 0.0,
    scale: float = 1.0,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """``(compress(|STFT|**power) - mean) / scale`` in one pass, the compression as ``config`` says.

    ``mean`` and ``scale`` are for people who use the front end as a library and feed a network of their own:
    to normalise costs no further pass. A corpus is stored as it is, and models that ship have their scale.

    Args:
        samples: ``[..., samples]`` float32, float64 or int16 (scaled by 1/32768).
        config: frames, window, FFT size and compression.
        dtype: of the result, float32 or float16 (rounded to nearest).
        power: 1 for magnitudes, 2 for powers.
        mean: subtracted from the compressed value.
        scale: divides it then.
        out: array to write to and return, C-contiguous; None: a new one.
        threads: as for :func:`stft`.

    Returns:
        ``[..., frames, bins]``; logarithms within a relative 1e-6 of the exact ones.

    Raises:
        ConfigError: an argument of the wrong type, shape or range.
    """
    plan = plan_of(config)
    compression = compression_of(config, power=power, mean=mean, scale=scale)
    rows = signal_rows(samples)
    wanted = np.dtype(dtype)
    if wanted not in (np.float32, np.float16):
        raise ConfigError(f"dtype is {wanted}; it must be float32 or float16")
    shape = (plan.frames(rows.shape[1]), config.bins)
    result = output_of(out, (*np.shape(samples)[:-1], *shape), wanted)
    flat = result.reshape(rows.shape[0], *shape)
    workers = threads_of(threads, rows.size)
    if wanted == np.float32:
        _native.spectrogram_float32(plan, compression, rows, flat, workers)
    else:
        _native.spectrogram_float16(plan, compression, rows, flat.view(np.uint16), workers)
    return result


def compress(values: ArrayLike, config: SpectrogramConfig) -> NDArray[np.float32]:
    """Compress magnitudes as :func:`log_spectrogram` does.

    Args:
        values: magnitudes, at least 0, of any shape.
        config: names the compression, its gain and floor.

    Returns:
        float32 of the same shape.
    """
    array = _real(values, "magnitude")
    return _native.compress(compression_of(config), array, threads_of(None, array.size // 4))


def magnitude(log_spec: ArrayLike, config: SpectrogramConfig) -> NDArray[np.float32]:
    """Inverse of :func:`compress`; what lies below silence becomes 0 (``log``: stays a tiny positive number).

    Args:
        log_spec: compressed magnitudes of any shape, float16 or float32.
        config: names the compression, its gain and floor.

    Returns:
        float32 magnitudes of the same shape, within a relative 1e-6.
    """
    array = _real(log_spec, "log_spec")
    return _native.expand(compression_of(config), array, threads_of(None, array.size // 4))


@cache
def power_scale(config: SpectrogramConfig) -> float:
    """What makes the sum of a frame's squared magnitudes the mean square of its samples, found with noise."""
    noise = np.random.default_rng(0).standard_normal(64 * config.frame_length).astype(np.float32)
    power = float(np.square(np.abs(stft(noise, config, threads=1))).sum(axis=-1).mean())
    return float(np.mean(np.square(noise))) / power


def _real(values: ArrayLike, name: str) -> NDArray[np.float32]:
    array = np.asarray(values)
    if np.iscomplexobj(array) or not np.issubdtype(array.dtype, np.number):
        raise ConfigError(f"{name} is {array.dtype}; it must be real numbers")
    return np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape)
