"""The score of a checkpoint: what is full, what is nothing, and what it puts first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from styleshift.evaluation.checkpoint_score import (
    CheckpointScore,
    CheckpointScorer,
    closeness,
    train_classifiers,
)
from styleshift.evaluation.classifier import StyleClassifier
from styleshift.evaluation.content import harmony, onset_f_measure
from styleshift.evaluation.features import SAMPLE_RATE, Features, features


@pytest.fixture(scope="module")
def scorer(styles: dict[str, list[Features]]) -> CheckpointScorer:
    classifiers = train_classifiers(styles["held"], styles["plucked"])
    known = styles["plucked"], styles["tunes-plucked"], styles["tunes-held"]
    return CheckpointScorer(classifiers, *known, {"harmony": harmony, "rhythm": onset_f_measure})


def test_the_true_performance_beats_a_copy_and_a_mixture_lies_between(
    scorer: CheckpointScorer, styles: dict[str, list[Features]]
) -> None:
    source, truth = styles["tunes-held"], styles["tunes-plucked"]
    between = [
        Features((0.5 * one.log_mel[:frames] + 0.5 * other.log_mel[:frames]), other.chroma)
        for one, other in zip(source, truth, strict=True)
        for frames in [min(len(one.log_mel), len(other.log_mel))]
    ]
    values = [scorer.score(given).value for given in (source, between, truth)]
    assert values == sorted(values)
    assert values[0] < 0.05
    assert values[2] > 0.4
    best = scorer.score(truth)
    assert best.patches == best.spectrum == best.dynamics == best.flicker == pytest.approx(1)
    assert scorer.score(source).spectrum == pytest.approx(0, abs=1e-6)


def test_noise_in_the_right_style_keeps_no_content(
    scorer: CheckpointScorer, styles: dict[str, list[Features]]
) -> None:
    random = np.random.default_rng(0)
    noise = [
        features(random.normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)) for _ in styles["tunes-held"]
    ]
    assert scorer.score(noise).kept["harmony"] < 0.3
    assert scorer.score(noise).value < scorer.score(styles["tunes-plucked"]).value / 2


class Unsure(StyleClassifier):
    def __init__(self) -> None:
        pass

    def logits(self, recordings: Sequence[Features]) -> np.ndarray:
        return np.zeros(len(recordings))


def test_a_metric_that_finds_nothing_to_compare_takes_nothing_away(styles: dict[str, list[Features]]) -> None:
    sources = styles["tunes-held"]
    metrics = {"harmony": harmony, "mute": lambda converted, source: math.nan}
    scorer = CheckpointScorer([Unsure()], styles["plucked"], styles["tunes-plucked"], sources, metrics)
    found = scorer.score(sources)
    assert math.isnan(found.kept["mute"])
    assert found.content == pytest.approx(1)


def test_closeness_counts_in_ratios() -> None:
    assert closeness(16, 16, 1) == 0
    assert closeness(4, 16, 1) == pytest.approx(0.5)
    assert closeness(1, 16, 1) == closeness(0.5, 16, 1) == 1
    assert closeness(64, 16, 1) == pytest.approx(-0.5)
    assert closeness(1e9, 16, 1) == -1
    assert math.isnan(closeness(3, 1, 2))
    assert math.isnan(closeness(math.nan, 16, 1))


def test_a_term_that_is_not_there_is_left_out() -> None:
    score = CheckpointScore(0.5, 0.5, 0.5, 0.5, 0.5, math.nan, {"one": 0.75, "other": math.nan})
    assert score.style == pytest.approx(0.5)
    assert score.content == pytest.approx(0.97)
    assert score.value == pytest.approx(0.5 * 0.97**1.5)
    assert {"decay", "other"} & set(score.to_dict()) == set()
    assert score.to_dict()["one"] == 0.75
    assert CheckpointScore(1, 1, 1, 1, 1, 1, {"one": math.nan}).content == 0
    worse = CheckpointScore(0, -1, -1, -1, -1, -1, {"one": 0.8})
    assert worse.value == 0


def test_beyond_what_a_true_performance_keeps_little_is_won_and_below_it_much_is_lost() -> None:
    def content(kept: float) -> float:
        return CheckpointScore(0, 0, 0, 0, 0, 0, {"harmony": kept, "rhythm": kept}).content

    assert content(1) == 1
    assert 0 < content(1) - content(0.75) < 0.05
    assert content(0.75) - content(0.5) > 0.3
    assert content(-0.5) == content(0) == 0


def test_the_margin_counts_twice_the_patches_and_those_twice_a_part() -> None:
    def style(**term: float) -> float:
        nothing = dict.fromkeys(("margin", "patches", "spectrum", "dynamics", "flicker", "decay"), 0.0)
        return CheckpointScore(**{**nothing, **term}, kept={}).style

    assert style(margin=1) == pytest.approx(2 * style(patches=1)) == pytest.approx(4 * style(flicker=1))
