"""What the classifier and the judge say of styles that are clearly different."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from styleshift.evaluation.classifier import _changed, _changes, train_classifier
from styleshift.evaluation.features import SAMPLE_RATE, Features, features
from styleshift.evaluation.judge import Judge, Judgement, spread
from tests.helpers.vowels import utterance


@pytest.fixture(scope="module")
def judge(styles: dict[str, list[Features]]) -> Judge:
    return Judge.fit(styles["held"], styles["plucked"])


def test_the_classifier_knows_unheard_tunes(judge: Judge, styles: dict[str, list[Features]]) -> None:
    assert judge.classifier is not None
    assert judge.classifier.held_out_accuracy > 0.9
    assert min(judge.probability(item) for item in styles["tunes-plucked"]) > 0.8
    assert max(judge.probability(item) for item in styles["tunes-held"]) < 0.2


def test_the_average_spectrum_alone_tells_nothing() -> None:
    # Two sides that differ by an equaliser only, well inside the range that is looked at.
    curve = (6 * np.sin(np.linspace(0, 6, 80))).astype(np.float32)
    sides = [
        np.broadcast_to((level + 10) / 30, (400, 1, 4, 80)).astype(np.float32) for level in (curve, -curve)
    ]
    random = np.random.default_rng(0)
    towards = [np.repeat(change[None], 400, axis=0) for change in (-2 * curve, 2 * curve)]
    means = [
        _changed(side, *_changes(side.shape, to, random)).mean(axis=(0, 1, 2)) * 30
        for side, to in zip(sides, towards, strict=True)
    ]
    assert np.abs(means[0] - means[1]).max() < 2, "they were up to 12 dB apart"


def test_training_repeats_itself_and_leaves_the_random_state_alone(styles: dict[str, list[Features]]) -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, second = (train_classifier(styles["held"], styles["plucked"], steps=3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    item = styles["tunes-held"][0]
    assert first.probability(item) == second.probability(item)
    other = train_classifier(styles["held"], styles["plucked"], steps=3, seed=1)
    assert other.probability(item) != first.probability(item)


def test_the_true_other_performance_moved(judge: Judge, styles: dict[str, list[Features]]) -> None:
    found = judge.judge(styles["tunes-held"], styles["tunes-plucked"])
    assert found.kind == "moved", found
    assert found.moved > 0.5
    assert found.recordings == 2


def test_a_copy_is_called_a_copy(judge: Judge, styles: dict[str, list[Features]]) -> None:
    noise = np.random.default_rng(0)
    nearly = [
        Features(item.log_mel + noise.normal(0, 0.5, item.log_mel.shape).astype(np.float32), item.chroma)
        for item in styles["tunes-held"]
    ]
    found = judge.judge(styles["tunes-held"], nearly)
    assert found.kind == "copies"
    assert "only copies its input" in found.verdict


def test_other_music_in_the_right_style_has_lost_the_music(
    judge: Judge, styles: dict[str, list[Features]]
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 3 * SAMPLE_RATE)).astype(np.float32)
    noise[0, SAMPLE_RATE:] *= 0.01  # one falls silent where the other begins: no collapse, but no music
    noise[1, :SAMPLE_RATE] *= 0.01
    found = judge.judge(styles["tunes-held"], [features(each) for each in noise])
    assert found.kind == "music lost"
    assert "what is played is lost" in found.verdict


def test_a_classifier_is_asked_the_other_way_round(judge: Judge, styles: dict[str, list[Features]]) -> None:
    assert judge.classifier is not None
    item, back = styles["tunes-held"][0], judge.classifier.mirrored()
    assert judge.probability(item) == pytest.approx(1 - back.probability(item), abs=1e-6)
    assert np.allclose(back.logits([item]), -judge.classifier.logits([item]))


def test_without_the_other_style_there_is_no_p(styles: dict[str, list[Features]]) -> None:
    judge = Judge.fit(None, styles["plucked"])
    found = judge.judge(styles["tunes-held"], styles["tunes-plucked"])
    assert math.isnan(found.p)
    assert "p" not in found.to_dict()
    assert found.style == pytest.approx(min(1, max(0, found.moved)))


SPEECH = {"chroma": math.nan, "onsets": math.nan, "change_db": 8.0}


@pytest.mark.parametrize(
    ("figures", "kind"),
    [
        ({"p": 0.02, "fd": 50.0, "chroma": 1.0, "onsets": 1.0, "change_db": 0.4}, "copies"),
        ({"p": 0.02, "fd": 48.0, "chroma": 0.9, "onsets": 0.9, "change_db": 4.0}, "style not moved"),
        ({"p": 0.5, "fd": 30.0, "chroma": 0.9, "onsets": 0.9, "change_db": 7.0}, "partly moved"),
        ({"p": 0.95, "fd": 8.0, "chroma": 0.74, "onsets": 0.61, "change_db": 10.7}, "moved"),
        ({"p": 0.95, "fd": 8.0, "chroma": 0.1, "onsets": 0.2, "change_db": 12.0}, "music lost"),
        # The classifier alone, while the distance rose.
        ({"p": 0.9, "fd": 60.0, "chroma": 0.9, "onsets": 0.9, "change_db": 8.0}, "unclear"),
        # The distance alone, as an equaliser moves it, is not the style.
        ({"p": 0.05, "fd": 16.0, "chroma": 0.9, "onsets": 0.9, "change_db": 6.0}, "style not moved"),
        ({"p": 0.4, "fd": 5.0, "chroma": 0.9, "onsets": 0.9, "change_db": 8.0}, "partly moved"),
        ({"p": math.nan, "fd": 5.0, "chroma": 0.9, "onsets": 0.9, "change_db": 8.0}, "moved"),
        ({"p": 0.9, "fd": 8.0, "chroma": 0.8, "onsets": 0.8, "change_db": 8.0, "spread": 0.1}, "collapsed"),
        # Of speech, whose pitch has moved.
        ({"p": 0.9, "fd": 8.0, **SPEECH, "phones": 0.7}, "moved"),
        ({"p": 0.9, "fd": 8.0, **SPEECH, "phones": 0.56}, "moved"),
        ({"p": 0.9, "fd": 8.0, **SPEECH, "phones": 0.54}, "words lost"),
        ({"p": 0.9, "fd": 8.0, **SPEECH}, "moved"),
    ],
)
def test_the_verdict_follows_from_the_figures(figures: dict[str, float], kind: str) -> None:
    found = Judgement(fd_source=50.0, recordings=1, **figures)
    assert found.kind == kind


def test_the_sentence_says_both_figures_of_the_style() -> None:
    found = Judgement(p=0.05, fd=32.0, fd_source=50.0, chroma=0.9, onsets=0.9, change_db=6.0, recordings=1)
    assert "hardly moved" in found.verdict
    assert "takes 5% of it for the target style" in found.verdict
    assert "the distance to that style fell from 50 to 32" in found.verdict
    worse = Judgement(
        p=math.nan, fd=60.0, fd_source=50.0, chroma=0.9, onsets=0.9, change_db=6.0, recordings=1
    )
    assert "sure" not in worse.verdict
    assert "rose from 50 to 60" in worse.verdict
    assert "the distance to that style stayed at 50" in replace(worse, fd=49.6).verdict


def test_of_speech_it_says_whether_the_words_stayed(judge: Judge) -> None:
    found = Judgement(p=0.9, fd=8.0, fd_source=50.0, recordings=1, phones=0.71, **SPEECH)
    assert ", and what is said stayed (sounds of speech 0.71 of 1)" in found.verdict
    part = replace(found, phones=0.6).verdict
    assert ", and part of what is said stayed (sounds of speech 0.60 of 1)" in part
    assert "music" not in found.verdict
    lost = replace(found, phones=0.1)
    assert (
        lost.verdict
        == "the words are lost: one can hardly make out what is said (sounds of speech 0.10 of 1)"
    )
    man, words, others = (
        features(utterance(sounds, hertz, stretch=stretch), 16000, speech=True)
        for sounds, hertz, stretch in (("ISAUEASU", 110, 1), ("ISAUEASU", 220, 1.17), ("EUSAISUA", 220, 1.17))
    )
    kept, gone = (judge.judge([man], [made], speech=True) for made in (words, others))
    assert kept.phones > 0.6 > 0.2 > gone.phones
    assert math.isnan(kept.chroma)
    assert math.isnan(kept.onsets)
    assert math.isnan(judge.judge([man], [words]).phones)
    mute = [Features(one.log_mel, one.chroma) for one in (man, words)]
    assert math.isnan(judge.judge(mute[:1], mute[1:], speech=True).phones)


def test_the_same_whatever_goes_in_is_a_collapse(judge: Judge, styles: dict[str, list[Features]]) -> None:
    sources = styles["tunes-held"]
    same = [styles["tunes-plucked"][0]] * len(sources)
    found = judge.judge(sources, same)
    assert found.spread == pytest.approx(0, abs=1e-6)
    assert found.kind == "collapsed"
    assert "whatever goes in" in found.verdict
    assert judge.judge(sources, styles["tunes-plucked"]).spread > 0.5
    assert math.isnan(judge.judge(sources[:1], same[:1]).spread)


def test_spread_by_hand() -> None:
    """Two recordings 8 and -8 dB around their mean in one band of two, then 2 and -2."""

    def recordings(deviation: float) -> list[Features]:
        levels = [np.array([[0.0, -20.0 + sign * deviation]] * 5, np.float32) for sign in (1, -1)]
        return [Features(level, np.zeros((5, 12), np.float32)) for level in levels]

    assert spread(recordings(8), recordings(2)) == pytest.approx(0.25)
    assert math.isnan(spread(recordings(0), recordings(2)))


def test_a_short_recording_does_not_make_a_collapse() -> None:
    """Four that begin alike; one of them is nothing but that beginning."""
    rng = np.random.default_rng(0)

    def recordings(deviation: float) -> list[Features]:
        found = []
        for frames in (200, 200, 20, 200, 200, 200):
            level = np.full((frames, 4), -40.0)
            level[0] = 0.0
            level[20:] += deviation * rng.standard_normal((max(0, frames - 20), 4))
            found.append(Features(level.astype(np.float32), np.zeros((frames, 12), np.float32)))
        return found

    assert spread(recordings(6), recordings(5)) == pytest.approx(5 / 6, rel=0.1)
    assert spread(recordings(6), recordings(0)) == pytest.approx(0, abs=0.01)
