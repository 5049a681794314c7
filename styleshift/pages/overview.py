"""How a whole recording looks, however long it is: waveform and spectrogram, from one pass over it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array
from styleshift.frontend import SpectrogramConfig, stft
from styleshift.pages.picture import QUIETEST_DB, Axes, Spectrum, decibels, log_axes, log_rows

# Each column shows the loudest of so many moments at most: an hour takes no longer than its decoding.
_FRAMES_PER_COLUMN = 16
_FRAMES_AT_ONCE = 64


class Overview:
    """Draws a recording while it is read.

    Args:
        samples: of the whole recording, as its header says; what comes after them is left out.
        sample_rate: Hz.
        width: columns.
        height: rows of the spectrogram.
        high_hz: of its highest row, see :func:`styleshift.pages.picture.log_axes`.

    Attributes:
        low: ``[width]``, the least sample of each column, full scale at -1.
        high: ``[width]``, the greatest.
    """

    def __init__(
        self, samples: int, sample_rate: int, *, width: int = 720, height: int = 256, high_hz: float
    ) -> None:
        self._samples, self._width = max(1, samples), width
        self._axes: Axes = log_axes(self._samples, sample_rate, high_hz)
        self._length = 1 << max(8, round(math.log2(0.06 * sample_rate)))
        shortest = min(self._length // 4, self._samples // width)
        self._hop = max(1, shortest, self._samples // (width * _FRAMES_PER_COLUMN))
        self._config = SpectrogramConfig(
            sample_rate=sample_rate,
            frame_length=self._length,
            hop_length=self._length,  # frames are cut out here, wherever they lie
            fft_length=2 * self._length,
            compression="none",
            center=False,
        )
        self._picture = np.full((width, height), -np.inf, np.float32)
        self.low = np.zeros(width, np.float32)
        self.high = np.zeros(width, np.float32)
        # From half a frame before the start, so that frames are centred on their moments.
        self._waiting = np.zeros(self._length // 2, np.float32)
        self._ahead = 0
        self._frame = 0
        self._position = 0

    def push(self, mono: Float32Array) -> None:
        """Take in ``[n]`` float32 samples."""
        mono = mono[: max(0, self._samples - self._position)]
        if not len(mono):
            return
        self._peaks(mono)
        self._position += len(mono)
        self._take(mono)

    def finish(self) -> Spectrum:
        """The spectrogram, once all is pushed."""
        self._take(np.zeros(self._length, np.float32), last=True)
        for column in np.flatnonzero(np.isinf(self._picture[:, 0])):
            # Fewer moments than columns: each is as wide as it must be.
            self._picture[column] = self._picture[column - 1] if column else QUIETEST_DB
        return Spectrum(np.ascontiguousarray(self._picture.T[::-1]), self._axes)

    def _column(self, sample: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.minimum(sample * self._width // self._samples, self._width - 1)

    def _peaks(self, mono: Float32Array) -> None:
        columns = self._column(np.array([self._position, self._position + len(mono) - 1]))
        edges = -(-np.arange(columns[0], columns[1] + 2) * self._samples // self._width) - self._position
        starts = np.clip(edges[:-1], 0, len(mono) - 1)
        part = slice(int(columns[0]), int(columns[1]) + 1)
        self.low[part] = np.minimum(self.low[part], np.minimum.reduceat(mono, starts))
        self.high[part] = np.maximum(self.high[part], np.maximum.reduceat(mono, starts))

    def _take(self, mono: Float32Array, last: bool = False) -> None:
        """Transform many frames at once, where so many are complete, and let go of what they are made of."""
        passed = min(self._ahead, len(mono))
        self._ahead -= passed
        if self._ahead:
            return
        self._waiting = np.concatenate([self._waiting, mono[passed:]])
        start = 0
        while (count := (len(self._waiting) - start - self._length) // self._hop + 1) > 0:
            if count < _FRAMES_AT_ONCE and not last:
                break
            count = min(count, _FRAMES_AT_ONCE)
            at = start + np.arange(count) * self._hop
            frames = self._waiting[at[:, None] + np.arange(self._length)]
            spectra = np.abs(stft(frames.reshape(-1), self._config))
            rows = log_rows(decibels(spectra, self._length), self._config, self._axes, self._picture.shape[1])
            moments = (self._frame + np.arange(count, dtype=np.int64)) * self._hop
            kept = moments < self._samples
            np.maximum.at(self._picture, self._column(moments[kept]), rows[kept])
            self._frame += count
            start += count * self._hop
        # Where frames lie apart, what is between them and not here yet is passed over as it comes.
        self._ahead = max(0, start - len(self._waiting))
        self._waiting = self._waiting[start:]
