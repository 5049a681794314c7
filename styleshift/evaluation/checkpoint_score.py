"""One figure to choose a checkpoint by, from conversions of held-out music that have no truth.

Made to agree in rank with what the truth says (``benchmarks/judge.py`` measures how well it does): no term
is full before a conversion is as near to the style as held-out music of that style is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from styleshift.evaluation.classifier import VIEWS, StyleClassifier, train_classifier
from styleshift.evaluation.distribution import TargetDistribution
from styleshift.evaluation.features import Features

MARGIN_WEIGHT = 4
"""As much as the four distances together. At 1 a run's first adversarial steps, which flicker least, win."""

_WORST = -1.0

Metric = Callable[[Features, Features], float]
"""Of a conversion and its source: 1 where all of the music stayed, 0 where nothing did."""


@dataclass(frozen=True, slots=True)
class CheckpointScore:
    """What :meth:`CheckpointScorer.score` found; each term is 1 at best.

    Attributes:
        margin: how hard conversions are to tell from held-out music of the style, by several classifiers:
            0 where every second of that music sounds more like the style than every second of a conversion.
        spectrum: closeness of the mean spectra to the style: 0 as far as the source, 1 as near as held-out
            music of the style, below 0 further than the source.
        dynamics: the same of how spectra vary within a second.
        flicker: the same of how they change from frame to frame.
        decay: the same of how notes fade after their onset; nan where there are none.
        kept: how much of the music stayed, by metric; nan where one found nothing to compare.
    """

    margin: float
    spectrum: float
    dynamics: float
    flicker: float
    decay: float
    kept: Mapping[str, float]

    @property
    def style(self) -> float:
        """How much of the style arrived: half margin, half the mean of the four after it; 0 at least."""
        margin = [self.margin] * MARGIN_WEIGHT
        return max(0.0, _mean([*margin, self.spectrum, self.dynamics, self.flicker, self.decay]))

    @property
    def content(self) -> float:
        """How much of the music stayed: the mean of what the metrics say, held above 0."""
        return max(0.0, _mean(list(self.kept.values())))

    @property
    def value(self) -> float:
        """0 to 1: ``style`` times ``content``, so that neither a copy nor other music can score."""
        return self.style * self.content

    def to_dict(self) -> dict[str, float]:
        """Plain values, for the log; a term that is not there is left out."""
        found = asdict(self)
        found |= found.pop("kept")
        terms = {key: value for key, value in found.items() if not math.isnan(value)}
        return {"score": self.value, "style": self.style, "content": self.content, **terms}


class CheckpointScorer:
    """Knows one direction, what it starts from and what it aims at; asked as often as wanted.

    Args:
        classifiers: of the target style, as :func:`train_classifiers` gives them.
        target: recordings of the style that the classifiers learned.
        held_out: others of that style.
        sources: what is converted each time, of the other style.
        metrics: of how much of the music stayed, by name.

    Attributes:
        sources: what is converted.
    """

    def __init__(
        self,
        classifiers: Sequence[StyleClassifier],
        target: Sequence[Features],
        held_out: Sequence[Features],
        sources: Sequence[Features],
        metrics: Mapping[str, Metric],
    ) -> None:
        self._classifiers, self.sources, self._metrics = classifiers, sources, metrics
        self._target = TargetDistribution(target)
        self._start, self._real = self._target.distances(sources), self._target.distances(held_out)
        # Logits of held-out music of the style, in rising order.
        self._bars = [np.sort(one.logits(held_out)) for one in classifiers]

    def score(self, converted: Sequence[Features]) -> CheckpointScore:
        """Score conversions of the sources, in their order."""
        assert len(converted) == len(self.sources), "every conversion needs its source"
        found = self._target.distances(converted)
        near = {name: closeness(found[name], self._start[name], self._real[name]) for name in found}
        beaten = [
            np.searchsorted(bar, one.logits(converted)).mean() / len(bar)
            for one, bar in zip(self._classifiers, self._bars, strict=True)
        ]
        pairs = list(zip(converted, self.sources, strict=True))
        return CheckpointScore(
            # Real music beats half of itself, so a half is all that there is to reach; the root keeps
            # differences among the far-off conversions of a young model in sight.
            margin=math.sqrt(min(1.0, 2 * float(np.mean(beaten)))),
            kept={name: _mean([metric(*pair) for pair in pairs]) for name, metric in self._metrics.items()},
            **near,
        )


def train_classifiers(
    other: Sequence[Features],
    target: Sequence[Features],
    *,
    advance: Callable[[float], None] = lambda part: None,
    device: torch.device | str = "cpu",
) -> list[StyleClassifier]:
    """One classifier a view, each with other augmentation; arguments as in :func:`train_classifier`."""
    return [
        train_classifier(other, target, seed=number, view=view, advance=advance, device=device)
        for number, view in enumerate(VIEWS)
    ]


def closeness(found: float, start: float, real: float) -> float:
    """Where a distance lies, in ratios, between that of the source (0) and that of real music (1).

    Ratios, so that the last halving of a distance counts as much as the first. -1 at worst; nan where there
    is nothing to compare, or where the source is as near as real music.
    """
    if not start > max(real, 1e-9) or math.isnan(found):
        return float("nan")
    way = math.log(start / max(found, 1e-9)) / math.log(start / max(real, 1e-9))
    return min(1.0, max(_WORST, way))


def _mean(values: Sequence[float]) -> float:
    there = [value for value in values if not math.isnan(value)]
    return float(np.mean(there)) if there else 0.0
