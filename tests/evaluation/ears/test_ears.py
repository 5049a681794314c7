"""All ears together: which are missing, and what is made of what a tagger hears."""

import numpy as np
import pytest

from styleshift.evaluation.ears import ears as module
from styleshift.evaluation.ears.ears import MOST_TAGS, Ears
from styleshift.evaluation.ears.tagger import TAGS


def test_without_a_package_there_is_no_ear(monkeypatch, notes):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ears = Ears(speech=False)
    assert ears.missing == ["basic-pitch", "musicnn"]
    assert Ears(speech=True).missing == ["resemblyzer"]
    ears.learn(notes(440.0))
    assert ears.figures(notes(440.0), notes(440.0), None) == {}
    assert ears.tags() == {}


class Loudness:
    """A tagger that hears guitar as loud as a recording is, and always some piano."""

    def pieces(self, mono):
        return mono.reshape(-1, 1)

    def probabilities(self, pieces, most):
        heard = np.zeros(len(TAGS))
        heard[TAGS.index("guitar")] = pieces.mean()
        heard[TAGS.index("piano")] = 0.5
        return heard


@pytest.fixture
def ears(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(module.Tagger, "find", Loudness)
    return Ears(speech=False)


def loud(level):
    return np.full(4, level, np.float32)


def test_tags_that_tell_the_style_from_the_source_come_first(ears):
    for level in (0.8, 1.0):
        ears.learn(loud(level))
    ears.figures(loud(0.4), loud(0.7), loud(0.1))
    ears.figures(loud(0.6), None, loud(0.3))
    found = ears.tags()
    assert next(iter(found)) == "guitar"
    assert found["guitar"] == pytest.approx({"source": 0.2, "conversion": 0.5, "truth": 0.7, "style": 0.9})
    assert len(found) == MOST_TAGS


def test_a_source_style_stands_for_the_sources_and_without_one_the_conversions_do(ears):
    ears.learn(loud(0.9))
    ears.figures(loud(0.4), None, None)
    assert ears.tags()["guitar"] == pytest.approx({"conversion": 0.4, "style": 0.9})
    ears.learn(loud(0.2), "source")
    assert ears.tags()["guitar"] == pytest.approx({"source": 0.2, "conversion": 0.4, "style": 0.9})
