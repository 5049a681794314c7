"""The score of a checkpoint: what is full, what is nothing, and what it puts first."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from styleshift.evaluation.checkpoint_score import (
    CheckpointScore,
    CheckpointScorer,
    closeness,
    harmony,
    onset_f_measure,
    train_classifiers,
)
from styleshift.evaluation.features import SAMPLE_RATE, Features, features
from styleshift.evaluation.load import load_style
from styleshift.progress import Reporter


@pytest.fixture(scope="module")
def styles(collections: Path) -> dict[str, list[Features]]:
    names = ("plucked", "held", "tunes-plucked", "tunes-held")
    return {name: load_style(collections / name, name, Reporter()) for name in names}


@pytest.fixture(scope="module")
def scorer(styles: dict[str, list[Features]]) -> CheckpointScorer:
    classifiers = train_classifiers(styles["held"], styles["plucked"])
    return CheckpointScorer.fit(classifiers, styles["plucked"], styles["tunes-plucked"], styles["tunes-held"])


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
    assert best.spectrum == best.dynamics == best.flicker == pytest.approx(1)
    assert scorer.score(source).spectrum == pytest.approx(0, abs=1e-6)


def test_noise_in_the_right_style_keeps_no_content(
    scorer: CheckpointScorer, styles: dict[str, list[Features]]
) -> None:
    random = np.random.default_rng(0)
    noise = [
        features(random.normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)) for _ in styles["tunes-held"]
    ]
    assert scorer.score(noise).harmony < 0.3
    assert scorer.score(noise).value < scorer.score(styles["tunes-plucked"]).value / 2


def test_closeness_counts_in_ratios() -> None:
    assert closeness(16, 16, 1) == 0
    assert closeness(4, 16, 1) == pytest.approx(0.5)
    assert closeness(1, 16, 1) == closeness(0.5, 16, 1) == 1
    assert closeness(64, 16, 1) == pytest.approx(-0.5)
    assert closeness(1e9, 16, 1) == -1
    assert math.isnan(closeness(3, 1, 2))
    assert math.isnan(closeness(math.nan, 16, 1))


def test_a_term_that_is_not_there_is_left_out() -> None:
    score = CheckpointScore(0.5, 0.5, 0.5, 0.5, math.nan, 0.8, math.nan)
    assert score.value == pytest.approx(0.4)
    assert "decay" not in score.to_dict()
    worse = CheckpointScore(0, -1, -1, -1, -1, 0.8, 0.8)
    assert worse.value == 0


def test_harmony_hears_pitch_classes_and_not_their_overtones() -> None:
    frames = 200
    chroma = np.zeros((frames, 12), np.float32)
    chroma[np.arange(frames), (np.arange(frames) // 50 * 5) % 12] = 1
    bright = np.clip(chroma + 0.3 * np.roll(chroma, 7, axis=1), 0, 1)
    other = np.roll(chroma, 6, axis=1)
    silent = np.zeros((frames, 80), np.float32)
    one, same, wrong = (Features(silent, each) for each in (chroma, bright, other))
    assert harmony(one, one) == pytest.approx(1)
    assert harmony(same, one) > 0.75
    assert harmony(wrong, one) < 0.2


def test_onsets_are_met_within_50_ms() -> None:
    def clicks(shift: int) -> Features:
        log_mel = np.full((300, 80), -60, np.float32)
        for start in range(30, 280, 50):
            log_mel[start + shift : start + shift + 20] = 0
        return Features(log_mel, np.zeros((150, 12), np.float32))

    assert onset_f_measure(clicks(2), clicks(0)) == pytest.approx(1)
    assert onset_f_measure(clicks(20), clicks(0)) == 0
