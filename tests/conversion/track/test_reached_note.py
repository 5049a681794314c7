"""A conversion that is not as loud, or as long, as its source is named, and what it lacks of it."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.audio.formats import FORMATS, OutputFormat
from styleshift.audio.things import Thing, ThingKind
from styleshift.conversion.track.dynamics import Reached
from styleshift.conversion.track.reached_note import length_note, lost_note, loudness_note
from styleshift.words import kind_of_remark


def reached(level_db: float, peaks_db: float = 0.0) -> Reached:
    """So many dB above -20.691 LUFS before peaks took theirs."""
    powers = np.full(50, 10 ** ((level_db - 20) / 10))
    return Reached([powers], [powers * 10 ** (-peaks_db / 10)])


BEFORE = -20.691


@pytest.mark.parametrize(("level", "peaks"), [(0, 0), (0.9, 0), (-0.9, 0), (0, 0.9), (1.5, 1.5)])
def test_what_is_as_loud_is_no_news(level: float, peaks: float) -> None:
    assert loudness_note(BEFORE, reached(level, peaks)) == []


def test_how_much_softer_is_what_the_report_says_whatever_took_it() -> None:
    (said,) = loudness_note(BEFORE, reached(-2.4, 3.3))
    assert said == "5.7 dB softer than the source: peaks were turned down, as they went beyond full scale"
    (said,) = loudness_note(BEFORE, reached(-5, 0.5))
    assert said == "5.5 dB softer than the source: the model left too little of it to be raised that far"


def test_louder_and_silent() -> None:
    assert loudness_note(BEFORE, reached(1.04)) == ["1.0 dB louder than the source"]
    (said,) = loudness_note(BEFORE, reached(-60))
    assert "next to silent" in said
    assert loudness_note(None, reached(0)) == []


def test_those_that_differ_by_how_much_are_counted_together() -> None:
    first, second = (loudness_note(BEFORE, reached(level, 3.3))[0] for level in (-2.4, -1))
    assert first != second
    assert kind_of_remark(first) == kind_of_remark(second)


def test_a_length_that_the_format_has_no_place_for_is_named() -> None:
    voc = OutputFormat("voc", "VOC", "ULAW", ".voc", lossy=True)
    why = "than the source: VOC with ULAW does not keep lengths to the sample"
    assert length_note(1, voc) == [f"1 sample longer {why}"]
    assert length_note(-12, voc) == [f"12 samples shorter {why}"]
    assert length_note(0, FORMATS["wav"]) == []


def test_lost_sound_is_not_counted_among_lost_tags() -> None:
    assert lost_note(()) == []
    sound = Thing("sound: 3.1 of 20.0 s are there", ThingKind.SOUND)
    tags = ("PRIV:x:123", "title of the ID3 tag: 7")
    ((both,), (alone,), (private,)) = lost_note((sound, *tags)), lost_note((sound,)), lost_note(tags)
    assert both == f"not carried: {sound}, PRIV:x:123, title of the ID3 tag: 7"
    assert kind_of_remark(both) == "not carried: sound and tags or chunks"
    assert kind_of_remark(alone) == "not carried: sound"
    assert kind_of_remark(private) == "not carried: tags or chunks"


def test_what_is_lost_is_counted_by_its_kind_and_not_by_its_name() -> None:
    for name in ("sound: 1", "a picture book of recording 2", "12 chapters", "a video"):
        assert kind_of_remark(lost_note([name])[0]) == "not carried: tags or chunks"
    every = [Thing("x", kind) for kind in reversed(ThingKind)]
    told = "not carried: sound, other tracks, pictures, chapters and tags or chunks"
    assert kind_of_remark(lost_note([*every, *every])[0]) == told
