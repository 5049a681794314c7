"""Recorded notes are played at the pitch, and for as long as, the score says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from material.room import RATE
from material.sampler import Player, load_instrument
from material.scores import Note


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A flute: A4 and E5, a second and a half each, the first tenth silent; one row is an octave off."""
    rows = []
    for name, pitch, off in (("A4", 69, 3), ("E5", 76, -4), ("A5", 81, 1200)):
        time = np.arange(round(1.5 * RATE)) / RATE
        wave = 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) * (time > 0.1)
        soundfile.write(tmp_path / f"{name}.flac", wave, RATE)
        rows.append({"file": f"{name}.flac", "instrument": "flute", "midi": pitch, "velocity": "mf"})
        rows[-1] |= {"pitch_check_cents": off, "retuned_cents": ""}
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def _hertz(wave: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 18))
    return float(np.argmax(spectrum) * RATE / (1 << 18))


def test_a_recording_that_is_an_octave_off_is_not_used(notes: Path) -> None:
    assert [sample.pitch for sample in load_instrument(notes, "flute")] == [69, 76]


@pytest.mark.parametrize("pitch", [67, 71, 78])
def test_the_nearest_recording_is_brought_to_the_pitch(notes: Path, pitch: int) -> None:
    player = Player(load_instrument(notes, "flute"), np.random.default_rng(0), bowed=True, release=0.1)
    wave = player.play([Note(0.0, 0.9, pitch, 90)])
    cents = 1200 * np.log2(_hertz(wave[2000:18000]) / (440 * 2 ** ((pitch - 69) / 12)))
    assert abs(cents) < 25


def test_a_bowed_note_outlasts_its_recording(notes: Path) -> None:
    player = Player(load_instrument(notes, "flute"), np.random.default_rng(0), bowed=True, release=0.1)
    wave = player.play([Note(0.0, 6.0, 69, 90)])
    level = np.sqrt(np.mean(wave[: 6 * RATE].reshape(-1, RATE // 5) ** 2, axis=1))
    assert level.min() > 0.3 * level.max()
    assert np.abs(wave[round(6.2 * RATE) :]).max() < 1e-6


def test_a_struck_note_starts_on_time_and_stops_when_it_is_let_go(notes: Path) -> None:
    player = Player(load_instrument(notes, "flute"), np.random.default_rng(0), bowed=False, release=0.03)
    wave = player.play([Note(0.5, 0.4, 69, 90)])
    first = np.argmax(np.abs(wave) > 0.1 * np.abs(wave).max()) / RATE
    assert first == pytest.approx(0.5, abs=0.02)
    assert np.abs(wave[round(1.2 * RATE) :]).max() < 0.01 * np.abs(wave).max()
