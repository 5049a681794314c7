"""Spectrograms as pictures: log-frequency axis, perceptual colours, written as PNG."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array
from styleshift.frontend import SpectrogramConfig, stft

LOWEST_HZ = 50.0
HIGHEST_HZ = 16000.0
DYNAMIC_DB = 75.0
QUIETEST_DB = -120.0

Bytes2 = npt.NDArray[np.uint8]

# Polynomials of degree 6 fitted to matplotlib's colour map magma by Matt Zucker (CC0,
# https://www.shadertoy.com/view/WlfXRN); rows are powers, columns red, green, blue.
_MAGMA = np.array(
    [
        [-0.002136485053939582, -0.000749655052795221, -0.005386127855323933],
        [0.2516605407371642, 0.6775232436837668, 2.494026599312351],
        [8.353717279216625, -3.577719514958484, 0.3144679030132573],
        [-27.66873308576866, 14.26473078096533, -13.64921318813922],
        [52.17613981234068, -27.94360607168351, 12.94416944238394],
        [-50.76852536473588, 29.04658282127291, 4.23415299384598],
        [18.65570506591883, -11.48977351997711, -5.601961508734096],
    ]
)


def palette() -> Bytes2:
    """The colour map magma from dark to light: ``[256, 3]`` uint8, evenly spaced in perceived lightness."""
    powers = np.linspace(0.0, 1.0, 256)[:, None] ** np.arange(len(_MAGMA))
    colours: Bytes2 = np.round(np.clip(powers @ _MAGMA, 0.0, 1.0) * 255).astype(np.uint8)
    return colours


def png(indices: Bytes2, colours: Bytes2 | None = None) -> bytes:
    """A PNG file (ISO/IEC 15948) with a palette.

    Args:
        indices: ``[height, width]`` uint8, rows from the top.
        colours: ``[256, 3]`` uint8; :func:`palette` where None.
    """
    height, width = indices.shape
    assert min(height, width) > 0, "a picture needs pixels"
    # Filter type 0 (none) in front of each row; palette pictures compress best so.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), indices], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    table = (palette() if colours is None else colours).tobytes()
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", header),
            (b"PLTE", table),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where it lies, from 0 to 1, and what stands beside it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axes:
    """What the rows and columns of a picture mean.

    Attributes:
        low_hz: frequency of the lowest row.
        high_hz: frequency of the highest row; rows between are evenly spaced in its logarithm.
        seconds: what the width spans.
    """

    low_hz: float
    high_hz: float
    seconds: float

    def height_of(self, hertz: float) -> float:
        """Where a frequency lies, 0 at the top and 1 at the bottom."""
        return math.log(self.high_hz / hertz) / math.log(self.high_hz / self.low_hz)

    def hertz_ticks(self) -> list[Tick]:
        """Marks of the frequency axis, 0 at the top."""
        return [
            Tick(self.height_of(hertz), f"{hertz // 1000} k" if hertz >= 1000 else f"{hertz}")
            for hertz in (50, 100, 200, 500, 1000, 2000, 5000, 10000)
            if self.low_hz <= hertz <= self.high_hz
        ]

    def time_ticks(self) -> tuple[list[Tick], str]:
        """Marks of the time axis, and the unit of their labels."""
        steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
        step = next((s for s in steps if self.seconds / s <= 9), 7200)
        size, unit = (60, "minutes") if step >= 60 else (1, "seconds")
        count = int(self.seconds / step) + 1
        return [Tick(index * step / self.seconds, f"{index * step / size:g}") for index in range(count)], unit


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A spectrogram as a picture has it, before colours.

    Attributes:
        decibels: ``[height, width]`` float32, highest frequency first.
        axes: of its rows and columns.
    """

    decibels: Float32Array
    axes: Axes

    def colour_indices(self, peak_db: float) -> Bytes2:
        """``[height, width]`` uint8: 255 at ``peak_db``, 0 at ``DYNAMIC_DB`` below it and further down.

        ``QUIETEST_DB`` is 0 whatever the peak: silence is not drawn as the loudest sound.
        """
        peak = max(peak_db, QUIETEST_DB + DYNAMIC_DB)
        scaled = (self.decibels - np.float32(peak)) / np.float32(DYNAMIC_DB) + np.float32(1)
        indices: Bytes2 = np.round(np.clip(scaled, 0.0, 1.0) * 255).astype(np.uint8)
        return indices


def log_axes(samples: int, sample_rate: int, high_hz: float = HIGHEST_HZ) -> Axes:
    """The axes of :func:`log_frequency`: up to ``high_hz`` or 0.45 of the sample rate, whichever is less."""
    return Axes(LOWEST_HZ, min(high_hz, 0.45 * sample_rate), samples / sample_rate)


def log_frequency(
    mono: Float32Array, sample_rate: int, *, width: int = 720, height: int = 256, high_hz: float = HIGHEST_HZ
) -> Spectrum:
    """The spectrogram of ``[samples]`` float32 on a logarithmic frequency axis.

    Args:
        mono: the waveform.
        sample_rate: Hz.
        width: columns; each shows the loudest of the frames it spans.
        height: rows.
        high_hz: see :func:`log_axes`.
    """
    axes = log_axes(len(mono), sample_rate, high_hz)
    length = 1 << max(8, round(math.log2(0.06 * sample_rate)))
    hop = max(1, min(length // 4, len(mono) // width))
    config = SpectrogramConfig(
        sample_rate=sample_rate,
        frame_length=length,
        hop_length=hop,
        fft_length=2 * length,
        compression="none",
    )
    magnitude = np.abs(stft(mono, config))
    rows = log_rows(decibels(magnitude, length), config, axes, height)
    edges = np.linspace(0, len(rows), width + 1).astype(int)
    starts = np.minimum(edges[:-1], len(rows) - 1)
    columns = np.maximum.reduceat(rows, starts, axis=0) if len(rows) >= width else rows[starts]
    picture = np.ascontiguousarray(columns.T[::-1].astype(np.float32))
    return Spectrum(picture, axes)


def decibels(magnitude: Float32Array, frame_length: int) -> Float32Array:
    """Levels of magnitudes under a Hann window; a full-scale sine is 0 dB, and nothing is below -120 dB."""
    loud = np.maximum(magnitude * np.float32(4 / frame_length), np.float32(1e-6))
    return np.asarray(20 * np.log10(loud))


def log_rows(levels: Float32Array, config: SpectrogramConfig, axes: Axes, height: int) -> Float32Array:
    """``[frames, bins]`` to ``[frames, height]``: between bins low down, the loudest bin of a row high up."""
    low, high = axes.low_hz, axes.high_hz
    centres = np.geomspace(low, high, height) / (config.sample_rate / config.fft_length)
    below = np.floor(centres).astype(int)
    weight = (centres - below).astype(np.float32)
    above = np.minimum(below + 1, levels.shape[1] - 1)
    rows: Float32Array = levels[:, below] * (1 - weight) + levels[:, above] * weight
    step = (high / low) ** (0.5 / (height - 1))
    first = np.ceil(centres / step).astype(int)
    last = np.minimum(np.floor(centres * step).astype(int), levels.shape[1] - 1)
    for row in np.flatnonzero(last > first):
        rows[:, row] = levels[:, first[row] : last[row] + 1].max(axis=1)
    return rows
