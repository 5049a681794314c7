"""Converters of tracks around models that are plain functions, and what they make of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from styleshift.bundle.metadata import BundleMetadata
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.first_pass import measure
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks.options import build_config
from styleshift.hooks.registry import load_registry

SMALL = SpectrogramConfig(sample_rate=16000, frame_length=512, hop_length=128, fft_length=512)

Model = Callable[[np.ndarray], np.ndarray]


def converter(
    model: Model, spectrogram: SpectrogramConfig = SMALL, vocoder: str = "source-phase", batch: int = 2
) -> TrackConverter:
    """A converter of tracks around a model that is a function."""
    spec = load_registry().vocoders.get(vocoder)
    built = spec.build(build_config(spec.config, {}, vocoder), spectrogram, "cpu")
    metadata = BundleMetadata("a", "b", spectrogram, -20.0, 128, 4)
    return TrackConverter(metadata, model, batch, built, spec.context_frames)


def pieces(samples: np.ndarray, cut: int) -> Iterator[np.ndarray]:
    """Samples as a decoder gives them: ``cut`` at a time."""
    for start in range(0, len(samples), cut):
        yield samples[start : start + cut]


def convert(line: TrackConverter, samples: np.ndarray, rate: int, cut: int = 40000) -> np.ndarray:
    """Both passes over samples ``[n, channels]``."""
    found = measure(pieces(samples, cut), rate, samples.shape[1])
    blocks = list(line.convert(pieces(samples, cut), found))
    return np.concatenate(blocks) if blocks else samples[:0]


def noise(rate: int, seconds: float, channels: int = 1) -> np.ndarray:
    """White noise ``[n, channels]``, always the same."""
    random = np.random.default_rng(rate)
    return (0.1 * random.standard_normal((int(rate * seconds), channels))).astype(np.float32)


def identity(windows: np.ndarray) -> np.ndarray:
    """A model that changes nothing."""
    return windows


def snr(wanted: np.ndarray, found: np.ndarray) -> float:
    """What was found against what was wanted, in dB."""
    error = np.sum((found.astype(np.float64) - wanted) ** 2)
    return float(10 * np.log10(np.sum(wanted.astype(np.float64) ** 2) / max(error, 1e-30)))


def gain(decibels: np.ndarray | float) -> Model:
    """An equaliser on log1p magnitudes: ``decibels`` a bin, or one for all."""
    factor = 10 ** (np.asarray(decibels, np.float32).reshape(1, 1, -1, 1) / 20)
    return lambda windows: np.log1p(np.expm1(windows) * factor).astype(np.float32)
