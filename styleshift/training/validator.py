"""Validates a model while it trains: how far the style moved, how much of the music stayed.

The measures are those of :mod:`styleshift.evaluation`, taken from log spectrograms instead of waveforms, so
that no vocoder has a part in them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from styleshift.evaluation.features import (
    CHROMA_RATE,
    FRAME_RATE,
    MEL_BANDS,
    Features,
    chroma_filters,
    mel_filters,
)
from styleshift.evaluation.judge import Judge, Judgement
from styleshift.frontend.compression import expanded
from styleshift.frontend.config import SpectrogramConfig
from styleshift.progress import Reporter
from styleshift.training.data import Crops
from styleshift.training.model import DIRECTIONS, CycleGAN

Array = npt.NDArray[np.float32]

_POWER_FLOOR = 1e-10


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """Both directions, judged.

    Attributes:
        directions: ``x2y`` and ``y2x``.
    """

    directions: dict[str, Judgement]

    @property
    def score(self) -> float:
        """Mean of both directions' scores, 0 to 1: what ``best`` is chosen by."""
        return sum(part.score for part in self.directions.values()) / len(self.directions)

    def to_dict(self) -> dict[str, object]:
        """Plain values, for the log."""
        return {"score": self.score, **{name: part.to_dict() for name, part in self.directions.items()}}


class Validator:
    """Knows both domains, and judges conversions of excerpts that are the same each time.

    Args:
        x: crops of domain X; put back where they were.
        y: crops of domain Y; likewise.
        config: of the spectrograms.
        known: crops a side that it learns the domains from.
        excerpts: crops a side that are converted each time.
        seed: of what it learns.
        held_out: crops of both domains that are in no training, to convert; None converts of ``x`` and ``y``.
        reporter: who is told.

    Attributes:
        held_out: the excerpts are in no training crop.
    """

    def __init__(
        self,
        x: Crops,
        y: Crops,
        config: SpectrogramConfig,
        *,
        known: int,
        excerpts: int,
        seed: int,
        held_out: Sequence[Crops] | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        reporter = reporter or Reporter()
        self._config = config
        self.held_out = held_out is not None
        self._sources: dict[str, Tensor] = {}
        learned: list[list[Features]] = []
        with reporter.phase("preparing the classifier", 2 * known, "crops") as task:
            for direction, crops, given in zip(DIRECTIONS, (x, y), held_out or (x, y), strict=True):
                state = crops.state_dict()
                self._sources[direction] = torch.from_numpy(given.batch(excerpts))
                learned.append([])
                for _ in range(known):
                    learned[-1] += self._features(crops.batch(1))
                    task.advance()
                crops.load_state_dict(state)
        self._given = {name: self._features(crops.numpy()) for name, crops in self._sources.items()}
        with reporter.phase("training the classifier", 100, "%") as task:
            both = Judge.fit_both(
                learned[0], learned[1], seed=seed, advance=lambda part: task.advance(100 * part)
            )
        self._judges = dict(zip(DIRECTIONS, both, strict=True))

    @property
    def excerpts(self) -> dict[str, Tensor]:
        """What is converted: for ``x2y`` and ``y2x``, ``[excerpts, 1, bins, frames]`` log magnitudes."""
        return dict(self._sources)

    def validate(self, model: CycleGAN) -> ValidationResult:
        """Convert the excerpts with the generators that would be exported, and compare."""
        found = {}
        for direction, source in self._sources.items():
            generator = model.best()[direction]
            device = next(generator.parameters()).device
            with torch.no_grad():
                parts = [generator(part.to(device)).float().cpu() for part in torch.split(source, 4)]
            converted = self._features(torch.cat(parts).numpy())
            found[direction] = self._judges[direction].judge(self._given[direction], converted)
        return ValidationResult(found)

    def _features(self, crops: Array) -> list[Features]:
        return [spectrogram_features(crop[0], self._config) for crop in crops]


def spectrogram_features(log_magnitude: Array, config: SpectrogramConfig) -> Features:
    """Features of a log spectrogram ``[bins, frames]``, as close as it allows to those of its waveform.

    The FFT and the hop are the spectrogram's own, so figures compare with each other, not with those of
    waveforms.
    """
    wide = log_magnitude.T.astype(np.float64)
    power = expanded(wide, config) ** 2
    mel = power @ mel_filters(config.sample_rate, config.fft_length, MEL_BANDS).T
    classes = power @ chroma_filters(config.sample_rate, config.fft_length).T
    top = classes.max(axis=1, keepdims=True)
    chroma = np.where(top > _POWER_FLOOR, classes / np.maximum(top, _POWER_FLOOR), 0.0)
    return Features(
        log_mel=_at_rate(10 * np.log10(np.maximum(mel, _POWER_FLOOR)), config.frame_rate, FRAME_RATE),
        chroma=_at_rate(chroma, config.frame_rate, CHROMA_RATE),
    )


def _at_rate(values: npt.NDArray[np.float64], rate: float, wanted: float) -> Array:
    """``[frames, n]`` interpolated linearly to another number of frames a second."""
    if math.isclose(rate, wanted, rel_tol=1e-6):
        return values.astype(np.float32)
    at = np.arange(max(1, int((len(values) - 1) * wanted / rate) + 1)) * (rate / wanted)
    low = np.minimum(at.astype(int), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    part = (at - low)[:, None]
    between: Array = ((1 - part) * values[low] + part * values[high]).astype(np.float32)
    return between
