"""Basic Pitch on sounds whose pitches are known; `pip install --no-deps basic-pitch`."""

import numpy as np
import pytest

from styleshift.evaluation.ears.transcriber import Transcriber, agreement
from styleshift.evaluation.features import SAMPLE_RATE


def test_agreement_of_sets_counted_by_hand():
    truth = np.array([[1, 1, 0, 0], [0, 1, 0, 0]], bool)
    heard = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]], bool)  # the third frame has no partner
    assert agreement(heard, truth) == (pytest.approx(2 * 2 / (3 + 3)), pytest.approx(1 - 2 / 4))
    assert agreement(truth, truth) == (1, 0)
    assert agreement(np.zeros((5, 88), bool), np.zeros((5, 88), bool)) == (1, 0)


@pytest.fixture(scope="module")
def transcriber():
    return Transcriber.find() or pytest.skip("basic-pitch is not installed")


@pytest.mark.parametrize("seconds", [0.7, 3.0, 5.3])
def test_the_keys_that_sound_are_heard_for_as_long_as_they_do(transcriber, notes, seconds):
    heard = transcriber.pitches(notes(440.0, 523.25, seconds=seconds))
    assert len(heard) == round(seconds * SAMPLE_RATE) // 256 + 1
    sounding = heard[5:-5].mean(axis=0)
    assert sounding[69 - 21] > 0.8
    assert sounding[72 - 21] > 0.8
    assert heard.mean() < 4 / 88


def test_it_hears_the_same_wherever_its_windows_lie(transcriber, notes):
    sound = np.concatenate([notes(262.0, seconds=2.0), notes(330.0, seconds=2.0), notes(392.0, seconds=2.0)])
    whole, later = transcriber.pitches(sound), transcriber.pitches(sound[256 * 40 :])
    assert agreement(whole[60:], later[20:])[0] > 0.97
