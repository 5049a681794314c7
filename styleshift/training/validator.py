"""Validates a model while it trains: how far the style moved, how much stayed of what is played or said.

The measures are those of :mod:`styleshift.evaluation`, taken from log spectrograms instead of waveforms, so
that no vocoder has a part in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from styleshift.corpus import CropSampler
from styleshift.evaluation.checkpoint_score import CheckpointScore, CheckpointScorer, train_classifiers
from styleshift.evaluation.classifier import VIEWS
from styleshift.evaluation.features import (
    CHROMA_RATE,
    FRAME_RATE,
    Features,
    at_rate,
    mel_decibels,
    phones,
    pitch_classes,
)
from styleshift.evaluation.judge import Judge, Judgement
from styleshift.evaluation.metrics import population
from styleshift.frontend.compression import expanded
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.experiment import MetricSpec
from styleshift.hooks.registry import load_registry
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.system.environment import processors
from styleshift.training.data import peek
from styleshift.training.directions import DIRECTIONS
from styleshift.training.model import CycleGAN
from styleshift.voice.phones import require_band

Array = npt.NDArray[np.float32]

_THREADS = 4


JUDGED = 8
"""Excerpts a side that are put into words (copies, collapsed, ...); all of them are scored."""


@dataclass(frozen=True, slots=True)
class ValidatedDirection:
    """One direction of a model.

    Attributes:
        judgement: what it does, in words.
        score: how good its checkpoint is against others of the run.
    """

    judgement: Judgement
    score: CheckpointScore

    def to_dict(self) -> dict[str, object]:
        """Plain values, for the log; of the phones the score's figure alone, which is of all excerpts."""
        judged = {key: value for key, value in self.judgement.to_dict().items() if key != "phones"}
        return {**judged, **self.score.to_dict()}


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """Both directions, judged.

    Attributes:
        directions: ``x2y`` and ``y2x``.
    """

    directions: dict[str, ValidatedDirection]

    @property
    def scores(self) -> dict[str, float]:
        """By direction, 0 to 1: what its best checkpoint is chosen by."""
        return {name: part.score.value for name, part in self.directions.items()}

    @property
    def score(self) -> float:
        """Mean of both directions' scores."""
        return sum(self.scores.values()) / len(self.directions)

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
        excerpts: most crops a side that are converted each time.
        content: metrics that say how much stayed of what is played or said.
        held_out: crops of both domains that are in no training, to convert; None converts of ``x`` and ``y``.
        reporter: who is told.
        device: where the classifiers learn.

    Attributes:
        held_out: the excerpts are in no training crop.
    """

    def __init__(
        self,
        x: CropSampler,
        y: CropSampler,
        config: SpectrogramConfig,
        *,
        known: int,
        excerpts: int,
        content: Sequence[str] = ("harmony", "rhythm"),
        held_out: Sequence[CropSampler] | None = None,
        reporter: Reporter | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        reporter = reporter or Reporter()
        asked = _metrics(content)
        self._config = config
        self._speech = any(spec.speech for spec in asked)
        self.held_out = held_out is not None
        self._sources: dict[str, Tensor] = {}
        learned: dict[str, list[Features]] = {}
        with reporter.phase("preparing the classifiers", 2 * known, "crops") as task:
            for direction, crops, given in zip(DIRECTIONS, (x, y), held_out or (x, y), strict=True):
                self._sources[direction] = torch.from_numpy(tiled_crops(given, excerpts))
                learned[direction] = []
                for batch in peek(crops, known):
                    learned[direction] += self._features(batch.numpy())
                    task.advance(len(batch))
        given_features = {
            name: self._features(crops.numpy(), self._speech) for name, crops in self._sources.items()
        }
        with reporter.phase("training the classifiers", 100, "%") as task:
            share = 100 / len(VIEWS)
            there = train_classifiers(
                learned["x2y"], learned["y2x"], advance=lambda part: task.advance(share * part), device=device
            )
        self._known: dict[str, tuple[Judge, CheckpointScorer]] = {}
        metrics = {spec.name: spec.measure for spec in asked}
        back = [classifier.mirrored() for classifier in there]
        for direction, other, classifiers in (("x2y", "y2x", there), ("y2x", "x2y", back)):
            target = learned[other]  # what the way back comes from
            judge = Judge(population(target), classifiers[0])
            held, sources = given_features[other], given_features[direction]
            self._known[direction] = judge, CheckpointScorer(classifiers, target, held, sources, metrics)

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
            converted = self._features(torch.cat(parts).numpy(), self._speech)
            judge, scorer = self._known[direction]
            judgement = judge.judge(scorer.sources[:JUDGED], converted[:JUDGED], speech=self._speech)
            found[direction] = ValidatedDirection(judgement, scorer.score(converted))
        return ValidationResult(found)

    def _features(self, crops: Array, speech: bool = False) -> list[Features]:
        with ThreadPoolExecutor(min(_THREADS, processors())) as threads:
            return list(
                threads.map(lambda crop: spectrogram_features(crop[0], self._config, speech=speech), crops)
            )


def require_content(recipe: Recipe) -> None:
    """Refuse, before the work, metrics that cannot hear what they listen to in such spectrograms.

    Raises:
        ConfigError: one is of speech, and the sample rate is too low.
        PluginError: there is no such metric.
    """
    schedule = recipe.schedule
    if schedule.validation_seconds and any(spec.speech for spec in _metrics(schedule.content)):
        require_band(recipe.spectrogram, '`schedule.content=["rhythm"]`')


def _metrics(names: Sequence[str]) -> list[MetricSpec]:
    return [load_registry().metrics.get(name) for name in names]


def tiled_crops(sampler: CropSampler, most: int) -> Array:
    """Crops that lie side by side, evenly spread over all music where there are more than ``most``.

    Returns:
        ``[crops, 1, bins, frames]``, one crop at least; nothing is drawn from the sampler.
    """
    places = [
        (index, start)
        for index in range(sampler.stretches)
        for start in range(0, sampler.length(index) - sampler.frames + 1, sampler.frames)
    ]
    chosen = np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(int)
    return sampler.cut([places[number] for number in chosen])


def spectrogram_features(
    log_magnitude: Array, config: SpectrogramConfig, *, speech: bool = False
) -> Features:
    """Features of a log spectrogram ``[bins, frames]``, as close as it allows to those of its waveform.

    The FFT and the hop are the spectrogram's own, so figures compare with each other, not with those of
    waveforms. With ``speech`` its sounds are listened to, too.
    """
    wide = log_magnitude.T.astype(np.float64)
    magnitudes = expanded(wide, config)
    power = magnitudes**2
    return Features(
        log_mel=at_rate(mel_decibels(power, config), config.frame_rate, FRAME_RATE),
        chroma=at_rate(pitch_classes(power, config), config.frame_rate, CHROMA_RATE),
        phones=phones(magnitudes, config) if speech else None,
    )
