"""The transforms for signals that come in pieces, in memory that does not grow with their length."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import _native
from styleshift.frontend.arguments import (
    Stream,
    compression_of,
    frame_rows,
    length_of,
    plan_of,
    signal_rows,
    threads_of,
    whole_number_of,
)
from styleshift.frontend.config import SpectrogramConfig


class StreamingSpectrogram(Stream):
    """Takes blocks of samples of any size and gives each frame as soon as its last sample is there.

    All frames together are, bit for bit, what :func:`styleshift.frontend.stft` or
    :func:`styleshift.frontend.log_spectrogram` gives for the whole signal. Give it many frames a block: up to
    sixteen cost as much as one.

    Args:
        config: frames, window, FFT size and compression.
        channels: rows of every block.
        output: ``"log"`` for compressed magnitudes, ``"complex"`` for spectra.
        dtype: of compressed magnitudes, float32 or float16.
        power: as for :func:`styleshift.frontend.log_spectrogram`, like ``mean`` and ``scale``.
        mean: subtracted from the compressed value.
        scale: divides it then.
        threads: cores to use; the default of 1 suits blocks of a few seconds.

    Raises:
        ConfigError: an argument of the wrong type or range.
    """

    def __init__(
        self,
        config: SpectrogramConfig,
        channels: int,
        *,
        output: Literal["log", "complex"] = "log",
        dtype: DTypeLike = np.float32,
        power: float = 1.0,
        mean: float = 0.0,
        scale: float = 1.0,
        threads: int | None = 1,
    ) -> None:
        if output not in ("log", "complex"):
            raise ConfigError(f"output is {output!r}; it may be log or complex")
        if np.dtype(dtype) not in (np.float32, np.float16):
            raise ConfigError(f"dtype is {np.dtype(dtype)}; it must be float32 or float16")
        self._channels = whole_number_of(channels, "channels", 1, 1024)
        self._output = output
        self._half = np.dtype(dtype) == np.float16
        self._compression = compression_of(config, power=power, mean=mean, scale=scale)
        self._stream = _native.AnalysisStream(plan_of(config), self._channels, threads_of(threads, 1 << 40))

    def push(self, block: ArrayLike) -> NDArray[Any]:
        """Add samples.

        Args:
            block: ``[channels, samples]``, or ``[samples]`` for one channel; float32, float64 or int16.

        Returns:
            ``[channels, frames, bins]``: the frames that are finished now, maybe none.

        Raises:
            ConfigError: another shape or type, or the stream has been finished.
        """
        self._check_open()
        rows = signal_rows(block, "block")
        if np.ndim(block) > 2 or rows.shape[0] != self._channels:
            raise ConfigError(f"block has shape {np.shape(block)}; it must be [{self._channels}, samples]")
        self._stream.push(rows)
        return self._take()

    def finish(self) -> NDArray[Any]:
        """End the signal: the frames that only zeros can complete, ``[channels, frames, bins]``."""
        self._check_open(ends=True)
        self._stream.finish()
        return self._take()

    def _take(self) -> NDArray[Any]:
        if self._output == "complex":
            return self._stream.take_complex()
        if self._half:
            return self._stream.take_float16(self._compression).view(np.float16)
        return self._stream.take_float32(self._compression)


class StreamingInverse(Stream):
    """Takes frames and gives the samples that no later frame can change.

    All samples together are, bit for bit, what :func:`styleshift.frontend.istft` gives for all frames.

    It is for people who use the front end as a library and change spectra as they come; ``convert`` has
    vocoders, which take whole sections.

    Args:
        config: as given to :func:`styleshift.frontend.stft`.
        channels: leading axis of every block of frames.
        length: samples in all; None: as for :func:`styleshift.frontend.istft`.
        threads: cores to use, at most one a channel.

    Raises:
        ConfigError: an argument of the wrong type or range.
    """

    def __init__(
        self,
        config: SpectrogramConfig,
        channels: int,
        *,
        length: int | None = None,
        threads: int | None = 1,
    ) -> None:
        self._config = config
        self._channels = whole_number_of(channels, "channels", 1, 1024)
        self._stream = _native.SynthesisStream(
            plan_of(config), self._channels, length_of(length, -1), threads_of(threads, 1 << 40)
        )

    def push(self, spectrum: ArrayLike) -> NDArray[np.float32]:
        """Add frames ``[channels, frames, bins]``; returns ``[channels, samples]``, maybe of no samples.

        Raises:
            ConfigError: another shape or type, or the stream has been finished.
        """
        self._check_open()
        rows = frame_rows(spectrum, self._config, "spectrum", np.complex64)
        if np.ndim(spectrum) > 3 or rows.shape[0] != self._channels:
            raise ConfigError(
                f"spectrum has shape {np.shape(spectrum)}; "
                f"it must be [{self._channels}, frames, {self._config.bins}]"
            )
        return self._stream.push(rows)

    def finish(self) -> NDArray[np.float32]:
        """No more frames: the remaining samples, ``[channels, samples]``."""
        self._check_open(ends=True)
        return self._stream.finish()
