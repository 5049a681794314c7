"""Every note sounds to its end, also where its pitch is struck again before the last one was let go."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import mido
import numpy as np
import pytest
from material import fonts
from material.room import RATE
from material.scores import Note

AGAIN = [Note(0.0, 0.51, 69, 80), Note(0.5, 1.0, 69, 80)]


def _sounding(path: Path) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """When keys are down, by channel and pitch, as General MIDI has it: one note-off lets go of a pitch."""
    spans: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for track in mido.MidiFile(path).tracks:
        now, down = 0, {}
        for message in track:
            now += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            key = (message.channel, message.note)
            if key in down:
                spans[key].append((down.pop(key) / 960, now / 960))
            if message.type == "note_on":
                down[key] = now
        assert not down
    return spans


def _keys(part: list[Note], folder: Path) -> dict[tuple[int, int], list[tuple[float, float]]]:
    fonts._write_midi([fonts.Voice(part, 40)], folder / "score.mid")
    return _sounding(folder / "score.mid")


def _about(*spans: tuple[float, float]) -> list[object]:
    return [pytest.approx(span, abs=0.003) for span in spans]


def test_a_note_that_is_struck_again_sounds_to_its_end(tmp_path: Path) -> None:
    assert _keys(AGAIN, tmp_path)[0, 69] == _about((0.0, 0.5), (0.5, 1.5))


def test_a_key_that_two_parts_hold_sounds_until_both_let_go(tmp_path: Path) -> None:
    held, short = Note(0.0, 2.0, 60, 80), Note(0.5, 0.3, 60, 90)
    assert _keys([held, short], tmp_path)[0, 60] == _about((0.0, 0.5), (0.5, 2.0))


def test_two_parts_in_unison_strike_once_as_loud_as_the_louder(tmp_path: Path) -> None:
    unison = [Note(1.0, 0.5, 60, 70), Note(1.01, 1.0, 60, 95)]
    assert _keys(unison, tmp_path)[0, 60] == _about((1.0, 2.01))
    track = mido.MidiFile(tmp_path / "score.mid").tracks[1]
    assert [message.velocity for message in track if message.type == "note_on"] == [95]


def test_pitches_and_channels_leave_each_other_alone(tmp_path: Path) -> None:
    voices = [fonts.Voice([Note(0.0, 1.0, 60, 80), Note(0.5, 1.0, 62, 80)], 40), fonts.Voice(AGAIN, 40)]
    voices.append(fonts.Voice([Note(0.2, 1.0, 60, 80)], 41))
    fonts._write_midi(voices, tmp_path / "score.mid")
    keys = _sounding(tmp_path / "score.mid")
    assert keys[0, 60] == _about((0.0, 1.0))
    assert keys[0, 62] == _about((0.5, 1.5))
    assert keys[2, 60] == _about((0.2, 1.2))


def test_the_second_of_two_overlapping_notes_is_heard() -> None:
    if shutil.which("fluidsynth") is None or not fonts.FLUID.exists():
        pytest.skip("FluidSynth or its sound font is not installed")
    apart = [Note(0.0, 0.4, 69, 80), Note(0.5, 1.0, 69, 80)]
    middle = slice(round(0.9 * RATE), round(1.4 * RATE))
    heard, meant = (
        10 * np.log10(np.mean(fonts.play([fonts.Voice(part, 40)], fonts.FLUID)[middle] ** 2))
        for part in (AGAIN, apart)
    )
    assert heard == pytest.approx(meant, abs=1.0)
