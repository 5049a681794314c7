"""MusiCNN against its own graph in TensorFlow; `pip install --no-deps musicnn`."""

import numpy as np
import pytest

from styleshift.evaluation.ears.tagger import TAGS, Tagger
from styleshift.evaluation.features import SAMPLE_RATE


@pytest.fixture(scope="module")
def tagger():
    return Tagger.find() or pytest.skip("musicnn is not installed")


def struck(*hertz):
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    notes = [sum(np.sin(2 * np.pi * f * h * time) / h for h in range(1, 6)) for f in hertz]
    return np.concatenate([0.2 * np.exp(-4 * time) * note for note in notes]).astype(np.float32)


# By the package's graph, tf.compat.v1 of TensorFlow 2.21, librosa 0.11 in front of it in float32.
HELD = {"violin": 0.4925, "strings": 0.4005, "classical": 0.2782, "slow": 0.1945, "cello": 0.0923}
STRUCK = {"slow": 0.4373, "guitar": 0.3032, "solo": 0.1964, "piano": 0.1774, "classical": 0.0959}


@pytest.mark.parametrize("expected", [HELD, STRUCK], ids=["held", "struck"])
def test_it_says_what_the_network_says_in_tensorflow(tagger, notes, expected):
    if expected is HELD:
        sound = notes(440.0, 523.25, seconds=7.0)
    else:
        sound = struck(262.0, 330.0, 392.0, 523.0, 392.0, 330.0, 262.0)
    pieces = tagger.pieces(sound)
    assert pieces.shape == (2, 1, 187, 96)
    heard = dict(zip(TAGS, tagger.probabilities(pieces, 10), strict=True))
    assert {tag: heard[tag] for tag in expected} == pytest.approx(expected, abs=1e-3)


def test_a_short_recording_is_repeated_and_a_long_one_heard_here_and_there(tagger, notes):
    assert tagger.pieces(notes(440.0, seconds=0.6)).shape == (1, 1, 187, 96)
    one, other = tagger.pieces(notes(440.0)), tagger.pieces(struck(262.0, 330.0, 392.0))
    long = np.concatenate([one, other, other, other, one])
    ends = tagger.probabilities(np.concatenate([one, one]), 2)
    np.testing.assert_allclose(tagger.probabilities(long, 2), ends, atol=1e-5)
