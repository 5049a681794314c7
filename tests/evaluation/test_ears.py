"""Ears that others trained: what they hear of sounds whose pitches and voices are known.

They are not installed with the tests' packages everywhere; `pip install --no-deps basic-pitch resemblyzer`.
"""

import numpy as np
import pytest

from styleshift.evaluation.ears import Ears, SpeakerEncoder, Transcriber, agreement
from styleshift.evaluation.features import SAMPLE_RATE


def notes(*hertz, seconds=3.0):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * f * harmonic * time) / harmonic for f in hertz for harmonic in range(1, 8)]
    return (0.1 * sum(tones)).astype(np.float32)


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
def test_the_keys_that_sound_are_heard_for_as_long_as_they_do(transcriber, seconds):
    heard = transcriber.pitches(notes(440.0, 523.25, seconds=seconds))
    assert len(heard) == round(seconds * SAMPLE_RATE) // 256 + 1
    sounding = heard[5:-5].mean(axis=0)
    assert sounding[69 - 21] > 0.8
    assert sounding[72 - 21] > 0.8
    assert heard.mean() < 4 / 88


def test_it_hears_the_same_wherever_its_windows_lie(transcriber):
    sound = np.concatenate([notes(262.0, seconds=2.0), notes(330.0, seconds=2.0), notes(392.0, seconds=2.0)])
    whole, later = transcriber.pitches(sound), transcriber.pitches(sound[256 * 40 :])
    assert agreement(whole[60:], later[20:])[0] > 0.97


def test_a_speaker_is_nearer_to_itself_than_to_another():
    encoder = SpeakerEncoder.find() or pytest.skip("resemblyzer is not installed")
    random = np.random.default_rng(0)

    def voice(hertz, formant):
        time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
        phase = (
            2 * np.pi * np.cumsum(hertz * 2 ** (np.sin(5 * time + random.uniform(0, 6)) / 12)) / SAMPLE_RATE
        )
        gains = [(h, np.exp(-abs(h * hertz - formant) / 600)) for h in range(1, int(8000 / hertz))]
        return (0.05 * sum(gain * np.sin(h * phase) for h, gain in gains)).astype(np.float32)

    low, again, high = (encoder.embed(voice(*one)) for one in ((100, 500), (102, 500), (220, 900)))
    assert np.linalg.norm(low) == pytest.approx(1)
    assert low @ again > 0.9
    assert low @ high < low @ again - 0.1


def test_without_a_package_there_is_no_ear(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ears = Ears(speech=False)
    assert ears.missing
    assert ears.figures(notes(440.0), notes(440.0), None) == {}
