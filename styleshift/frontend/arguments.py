"""Checks of what a caller hands over, and the native objects made from it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import _native
from styleshift.frontend.config import SpectrogramConfig
from styleshift.system.environment import processors

SAMPLE_TYPES = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int16))
MOST_THREADS = 256
# Starting a thread costs what transforming about this many values does.
VALUES_A_THREAD = 1 << 18


class Stream:
    """What takes its input piece by piece, and ends once."""

    _finished = False

    def _check_open(self, *, ends: bool = False) -> None:
        """Refuse what comes after the end; with ``ends``, this is the end."""
        if self._finished:
            raise ConfigError("the stream has been finished; make a new one")
        self._finished = ends


@lru_cache(maxsize=64)
def _plan(
    _variant: str, frame_length: int, hop_length: int, fft_length: int, window: str, center: bool
) -> _native.Plan:
    return _native.Plan(frame_length, hop_length, fft_length, window, center)


def plan_of(config: SpectrogramConfig) -> _native.Plan:
    """The native plan of these settings, made once."""
    if not isinstance(config, SpectrogramConfig):
        raise ConfigError(f"config is a {type(config).__name__}; it must be a SpectrogramConfig")
    # A plan has tables for the SIMD variant that was in use when it was made.
    variant = _native.chosen_variant()
    return _plan(
        variant, config.frame_length, config.hop_length, config.fft_length, config.window, config.center
    )


def compression_of(
    config: SpectrogramConfig, *, power: float = 1.0, mean: float = 0.0, scale: float = 1.0
) -> _native.Compression:
    """The native description of ``(compress(|X|**power) - mean) / scale``."""
    if power not in (1, 2):
        raise ConfigError(f"power is {power!r}; it must be 1 (magnitude) or 2 (power)")
    if not isinstance(mean, int | float | np.floating) or not math.isfinite(mean):
        raise ConfigError(f"mean is {mean!r}; it must be a finite number")
    if not isinstance(scale, int | float | np.floating) or not math.isfinite(scale) or scale == 0:
        raise ConfigError(f"scale is {scale!r}; it must be a finite number other than 0")
    return _native.Compression(
        config.compression, float(config.gain), float(config.floor), int(power), float(mean), float(scale)
    )


def signal_rows(samples: ArrayLike, name: str = "samples") -> NDArray[Any]:
    """``[..., samples]`` as ``[rows, samples]`` that the extension reads, without a copy if possible."""
    array = np.asarray(samples)
    if array.ndim < 1:
        raise ConfigError(f"{name} is a single number; it must be an array [..., samples]")
    native = array.dtype.newbyteorder("=")
    if native not in SAMPLE_TYPES:
        raise ConfigError(f"{name} is {array.dtype}; it must be float32, float64 or int16")
    array = array.astype(native, copy=False)
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def frame_rows(values: ArrayLike, config: SpectrogramConfig, name: str, dtype: type[Any]) -> NDArray[Any]:
    """``[..., frames, bins]`` as a contiguous ``[rows, frames, bins]`` of ``dtype``."""
    array = np.asarray(values)
    if array.ndim < 2 or array.shape[-1] != config.bins:
        raise ConfigError(
            f"{name} has shape {array.shape}; it must be [..., frames, {config.bins}] "
            f"for fft_length {config.fft_length}"
        )
    if np.iscomplexobj(array) and not np.issubdtype(dtype, np.complexfloating):
        raise ConfigError(f"{name} is {array.dtype}; it must be real")
    if not np.issubdtype(array.dtype, np.number):
        raise ConfigError(f"{name} is {array.dtype}; it must be numbers")
    rows = np.ascontiguousarray(array, dtype=dtype)
    return rows.reshape(math.prod(array.shape[:-2]), *array.shape[-2:])


def output_of(out: NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The caller's array if it will do, else a new one, in memory that is used again."""
    if out is None:
        return _native.new_array(list(shape), dtype)
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype:
        what = f"{out.dtype}{list(out.shape)}" if isinstance(out, np.ndarray) else f"a {type(out).__name__}"
        raise ConfigError(f"out is {what}; it must be a {dtype} array {list(shape)}")
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ConfigError("out must be writable and contiguous (C order)")
    return out


def whole_number_of(value: Any, name: str, low: int, high: int) -> int:
    """``value`` as a whole number in range."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}; it must be a whole number from {low} to {high}")
    return int(value)


def number_of(value: Any, name: str, low: float, high: float) -> float:
    """``value`` as a number in range."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}")
    return float(value)


def length_of(length: int | None, default: int) -> int:
    """Samples to return."""
    if length is None:
        return default
    if isinstance(length, bool) or not isinstance(length, int | np.integer) or not 0 <= length < 1 << 40:
        raise ConfigError(f"length is {length!r}; it must be a whole number of samples, 0 or more")
    return int(length)


def threads_of(threads: int | None, values: int) -> int:
    """Threads to use: the caller's number, or as many as the machine has and ``values`` numbers are worth."""
    if threads is None:
        return max(1, min(processors(), 16, values // VALUES_A_THREAD))
    return whole_number_of(threads, "threads", 1, MOST_THREADS)
