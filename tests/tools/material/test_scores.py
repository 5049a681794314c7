"""Scores are read in seconds, and cut, moved and thinned without losing a note that belongs."""

from __future__ import annotations

import itertools
from pathlib import Path

import mido
import pytest
from material.scores import Note, excerpt, fold, melody, plain_title, read_beats, read_parts


def _file(path: Path) -> Path:
    """One bar of two quarters at 120 beats a minute, then two at 60; drums on channel 10."""
    file = mido.MidiFile(ticks_per_beat=100)
    tempo = mido.MidiTrack(
        [
            mido.MetaMessage("time_signature", numerator=2, denominator=4),
            mido.MetaMessage("set_tempo", tempo=500_000),
            mido.MetaMessage("set_tempo", tempo=1_000_000, time=200),
        ]
    )
    music, drums = mido.MidiTrack(), mido.MidiTrack()
    for pitch in (60, 62, 64, 65):
        music.append(mido.Message("note_on", note=pitch, velocity=80))
        music.append(mido.Message("note_on", note=pitch, velocity=0, time=100))
    drums.append(mido.Message("note_on", channel=9, note=36, velocity=80))
    drums.append(mido.Message("note_off", channel=9, note=36, time=50))
    file.tracks += [tempo, music, drums]
    file.save(path)
    return path


def test_a_change_of_tempo_is_heard_by_every_track(tmp_path: Path) -> None:
    (part,) = read_parts(_file(tmp_path / "a.mid"))
    assert [note.pitch for note in part] == [60, 62, 64, 65]
    assert [note.start for note in part] == pytest.approx([0.0, 0.5, 1.0, 2.0])
    assert [note.seconds for note in part] == pytest.approx([0.5, 0.5, 1.0, 1.0])


def test_beats_follow_the_tempo(tmp_path: Path) -> None:
    beats, metre = read_beats(_file(tmp_path / "a.mid"))
    assert metre == 2
    assert beats == pytest.approx([0.0, 0.5, 1.0, 2.0, 3.0])


def test_a_melody_is_its_highest_notes_one_at_a_time() -> None:
    chord = [Note(0.0, 1.0, pitch, 80) for pitch in (60, 64, 67)]
    later = [Note(0.5, 1.0, 72, 80), Note(0.7, 0.2, 55, 80), Note(1.5, 0.5, 60, 80)]
    voice = melody([*chord, *later])
    assert [(note.pitch, note.start) for note in voice] == [(67, 0.0), (72, 0.5), (60, 1.5)]
    assert all(before.end <= after.start + 1e-9 for before, after in itertools.pairwise(voice))


def test_an_excerpt_begins_at_its_first_note_and_ends_all_others() -> None:
    part = [Note(float(second), 1.0, 60 + second, 80) for second in range(6)]
    (cut,), start = excerpt([part], 1.5, 2.0)
    assert start == 2.0
    assert [(note.start, note.pitch) for note in cut] == [(0.0, 62), (1.0, 63)]
    assert cut[-1].end == pytest.approx(1.5)


def test_folding_moves_by_octaves_only() -> None:
    folded = fold([Note(0.0, 1.0, pitch, 80) for pitch in (36, 40, 60)], 55, 98)
    assert all(55 <= note.pitch <= 98 for note in folded)
    assert [note.pitch % 12 for note in folded] == [0, 4, 0]


def test_titles_are_the_same_in_every_spelling() -> None:
    assert plain_title("The Atlanta Hornpipe") == plain_title("AtlantaHornpipe") == "atlanta"
