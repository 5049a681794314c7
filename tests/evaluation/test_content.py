"""How much stayed: what the metrics hear and what they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from styleshift.evaluation.content import harmony, onset_f_measure, phones_kept
from styleshift.evaluation.features import Features, features
from styleshift.hooks.experiment import Heard, MetricSpec
from styleshift.hooks.registry import load_registry
from styleshift.testing import check_metric
from styleshift.voice.phones import PHONES
from tests.helpers.vowels import utterance


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


def test_what_is_said_stays_at_another_pitch() -> None:
    words = "ISAUEASUIESA"
    man, woman, others, deep = (
        features(utterance(sounds, hertz, stretch=stretch), 16000, speech=True)
        for sounds, hertz, stretch in (
            (words, 110, 1.0),
            (words, 220, 1.17),
            ("EUSAISUAEISU", 110, 1.0),
            (words, 80, 1.0),
        )
    )
    noise = features(np.random.default_rng(0).normal(0, 0.1, 48000), 16000, speech=True)
    assert phones_kept(man, man) == pytest.approx(1)
    assert phones_kept(woman, man) > 0.7
    assert phones_kept(deep, man) > 0.8
    assert harmony(woman, man) < 0.6
    for wrong in (others, noise):
        assert abs(phones_kept(wrong, man)) < 0.1


def test_who_says_nothing_or_one_sound_has_no_words_to_keep() -> None:
    man = features(utterance("ISAUEASU", 110), 16000, speech=True)
    silence = features(np.zeros(32000), 16000, speech=True)
    held = features(utterance("A" * 8, 110), 16000, speech=True)
    assert math.isnan(phones_kept(man, silence))
    assert math.isnan(phones_kept(man, held))
    assert abs(phones_kept(silence, man)) < 0.1
    assert abs(phones_kept(held, man)) < 0.1


def test_frames_are_weighed_by_how_much_the_source_speaks() -> None:
    """By hand: the source says B and F, and pauses; what the conversion does in the pause is not asked."""

    def said(*phones: str) -> Features:
        likely = np.zeros((12 * len(phones), 40), np.float32)
        for number, phone in enumerate(phones):
            likely[12 * number : 12 * number + 12, PHONES.index(phone)] = 1
        empty = np.zeros((1, 80), np.float32)
        return Features(empty, empty[:, :12], likely)

    source = said("B", "F", "SIL")
    assert phones_kept(said("B", "F", "AA"), source) == pytest.approx(1)
    assert phones_kept(said("F", "B", "SIL"), source) == pytest.approx(-1)
    # One of two sounds is wrong, always the same: covariance 1/4, variances 1/2 and 1/2.
    assert phones_kept(said("B", "M", "SIL"), source) == pytest.approx((0.25 / 0.5) ** 2)
    assert phones_kept(said("SIL", "SIL", "SIL"), source) == pytest.approx(0)


def test_a_metric_of_speech_is_tried_on_speech() -> None:
    def measure(converted: Heard, source: Heard) -> float:
        assert source.phones is not None
        spoken = 1 - source.phones[:, PHONES.index("SIL")].mean()
        return phones_kept(converted, source) if spoken > 0.8 else math.nan

    check_metric(MetricSpec("words", "nan where nobody speaks", measure, speech=True))


@pytest.mark.parametrize("name", ["harmony", "rhythm", "phones"])
def test_what_is_built_in_keeps_the_contract_of_packages(name: str) -> None:
    check_metric(load_registry().metrics.get(name))
