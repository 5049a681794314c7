"""One figure to choose a checkpoint by, from conversions of held-out music that have no truth.

Made to agree in rank with what the truth says (``benchmarks/judge.py`` measures how well it does): no term
of style is full before a conversion is as near to the style as held-out music of that style is, and of the
music it asks little more than what a true performance keeps.
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

WEIGHTS = {"margin": 4, "patches": 2, "spectrum": 1, "dynamics": 1, "flicker": 1, "decay": 1}
"""Of the terms of style. With a margin of 1 a run's first adversarial steps, which flicker least, win;
without ``patches`` a later drift of levels passes unheard, for the parts after it are standardised."""

_WORTH = (0.0, 0.75, 1.0), (0.0, 0.97, 1.0)
"""Of how much stayed. The same performance on another instrument keeps .82 of the harmony and .77 of the
rhythm (25 pairs of violin and piano); what is kept beyond is source that is left, and is worth little. Of
speech, moved pitch alone keeps more than three quarters of the phones, too."""

CONTENT_POWER = 1.5
"""Music that is lost counts half as much again as style that did not arrive."""

_WORST = -1.0

Metric = Callable[[Features, Features], float]
"""Of a conversion and its source: 1 where all that is played or said stayed, 0 where nothing did."""


@dataclass(frozen=True, slots=True)
class CheckpointScore:
    """What :meth:`CheckpointScorer.score` found; each term is 1 at best.

    Attributes:
        margin: how hard conversions are to tell from held-out music of the style, by several classifiers:
            0 where every second of that music sounds more like the style than every second of a conversion.
        patches: closeness of seconds to the style, by the ``fd`` of ``styleshift evaluate``: 0 as far as the
            source, 1 as near as held-out music of the style, below 0 further than the source.
        spectrum: the same of mean spectra, each cepstrum counting alike.
        dynamics: the same of how spectra vary within a second.
        flicker: the same of how they change from frame to frame.
        decay: the same of how notes fade after their onset; nan where there are none.
        kept: how much stayed of what is played or said, by metric; nan where one found nothing to compare.
    """

    margin: float
    patches: float
    spectrum: float
    dynamics: float
    flicker: float
    decay: float
    kept: Mapping[str, float]

    @property
    def style(self) -> float:
        """How much of the style arrived: the mean of the terms above by ``WEIGHTS``; 0 at least."""
        return max(0.0, _mean([getattr(self, name) for name in WEIGHTS], list(WEIGHTS.values())))

    @property
    def content(self) -> float:
        """How much stayed of what is played or said, 0 to 1: the mean worth of what the metrics say.

        A metric that found nothing to compare is left out; 0 where none did.
        """
        return _mean([float(np.interp(value, *_WORTH)) for value in self.kept.values()])

    @property
    def value(self) -> float:
        """0 to 1: style times a power of content, so that neither a copy nor other music can score."""
        return self.style * float(self.content**CONTENT_POWER)

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
        metrics: of how much stayed of what is played or said, by name.

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
            kept={
                name: _mean([metric(*pair) for pair in pairs], nothing=math.nan)
                for name, metric in self._metrics.items()
            },
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


def _mean(values: Sequence[float], weights: Sequence[float] | None = None, *, nothing: float = 0.0) -> float:
    """Of those that are not nan; ``nothing`` where there are none."""
    there = ~np.isnan(values)
    if not there.any():
        return nothing
    return float(
        np.average(np.array(values)[there], weights=None if weights is None else np.array(weights)[there])
    )
