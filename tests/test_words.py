"""Slips of the fingers, and sentences with a value."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from styleshift.words import (
    Remark,
    did_you_mean,
    kind_of_remark,
    nearest,
    remark_from_json,
    remark_to_json,
)


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("pinao", ["violin", "piano"], "piano"),
        ("Piano", ["violin", "piano"], "piano"),
        ("hop", ["sample_rate", "hop_length"], "hop_length"),
        ("length", ["frame_length", "hop_length"], "hop_length"),  # one of two: no worse than none
        ("ab", ["cab", "xyz"], "cab"),
        ("violin", ["piano-to-violin", "violin-to-piano"], "violin-to-piano"),  # begins with it
        ("organ", ["piano", "woman"], None),
        ("trumpet", ["violin", "piano"], None),
        ("", ["violin"], None),
        ("violin", [], None),
    ],
)
def test_the_nearest_word(typed: str, known: list[str], meant: str | None) -> None:
    assert nearest(typed, known) == meant


def test_the_hint_is_a_question_or_nothing() -> None:
    assert did_you_mean("smal", ["seed", "small"], "--recipe {}") == "did you mean --recipe small?"
    assert did_you_mean("trumpet", ["seed", "small"]) == ""


def test_a_remark_is_its_sentence_and_keeps_its_kind_on_the_way_between_processes() -> None:
    remark = Remark("3 bytes more", "bytes more")
    for same in (remark, pickle.loads(pickle.dumps(remark)), copy.deepcopy(remark)):
        assert same == "3 bytes more"
        assert kind_of_remark(same) == "bytes more"
    assert json.dumps([remark]) == '["3 bytes more"]'
    assert kind_of_remark("3 bytes more") == "3 bytes more"
    assert kind_of_remark(remark_from_json(json.loads(json.dumps(remark_to_json(remark))))) == "bytes more"
    assert remark_from_json(remark_to_json("3 bytes more")) == "3 bytes more"
