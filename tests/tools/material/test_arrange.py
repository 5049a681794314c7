"""A tune with plain harmony gets that harmony, and both arrangements keep the tune and the beat."""

from __future__ import annotations

import numpy as np
from material.arrange import Grid, band, quartet
from material.harmony import find_chords
from material.scores import Note

# C, F, G, C: two beats of half a second each.
_ROOTS = (0, 5, 7, 0)
_TUNE = [
    Note(index + 0.25 * step, 0.25, 60 + root + third, 80)
    for index, root in enumerate(_ROOTS)
    for step, third in enumerate((0, 4, 7, 4))
]
_GRID = Grid([0.5 * beat for beat in range(9)], 2)
_CHORDS = find_chords([_TUNE], _GRID.slots(2))


def test_chords_are_those_that_the_tune_breaks() -> None:
    assert [chord.root for chord in _CHORDS] == list(_ROOTS)
    assert [(chord.start, chord.end) for chord in _CHORDS] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_passing_note_does_not_change_the_chord() -> None:
    passing = [*_TUNE[:5], Note(1.25, 0.25, 62, 80), *_TUNE[6:]]
    assert [chord.root for chord in find_chords([passing], _GRID.slots(2))] == list(_ROOTS)


def test_a_quartet_plays_the_tune_over_chord_tones_within_its_strings() -> None:
    for seed in range(6):
        lead, *others = quartet(_TUNE, _CHORDS, _GRID, np.random.default_rng(seed))
        assert [note.pitch % 12 for note in lead] == [note.pitch % 12 for note in _TUNE]
        for part, lowest in zip(others, (55, 48, 36), strict=True):
            assert part
            for note in part:
                chord = next(chord for chord in _CHORDS if chord.start <= note.start + 1e-9 < chord.end)
                assert note.pitch % 12 in chord.classes
                assert note.pitch >= lowest


def test_a_band_has_its_bass_on_the_beat_and_its_chords_off_it() -> None:
    for seed in range(6):
        parts = band(_TUNE, _CHORDS, _GRID, np.random.default_rng(seed))
        assert {"guitar", "bass"} < set(parts)
        lead = parts.get("fiddle", parts.get("banjo"))
        assert lead is not None
        assert [note.start for note in parts["bass"]] == [0.0, 1.0, 2.0, 3.0]
        assert [note.pitch % 12 for note in parts["bass"]] == [0, 0, 7, 7]  # root and fifth by turns
