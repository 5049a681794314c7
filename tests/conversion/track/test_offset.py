"""A constant under a recording is found, taken out before the model, and left where nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from track_models import SMALL, converter, gain, pieces

from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track import first_pass
from styleshift.conversion.track.convert import convert_samples, convert_track
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.first_pass import measure_file
from styleshift.conversion.track.offset import OffsetMeter

RATE = 44100
OFFSETS = np.array([0.1, -0.05], np.float32)


def music(seconds: float = 3.0) -> np.ndarray:
    time = np.arange(int(RATE * seconds)) / RATE
    parts = [np.sin(2 * np.pi * hertz * time) * np.exp(-2 * (time % 0.5)) for hertz in (220, 331)]
    sound = 0.3 * np.stack(parts, axis=1)
    return (sound - sound.mean(axis=0)).astype(np.float32)


def found(samples: np.ndarray, cut: int = 7777) -> np.ndarray | None:
    meter = OffsetMeter(RATE, samples.shape[1])
    for block in pieces(samples, cut):
        meter.push(block)
    return meter.finish()


def line(strength: float = 1.0) -> TrackConverter:
    """A model that makes the lowest bins much louder and the others a little softer."""
    made = converter(gain(np.where(np.arange(SMALL.bins) < 2, 20.0, -3.0)))
    return replace(made, settings=ConvertSettings(strength=strength))


@pytest.mark.parametrize("cut", [100, 7777, 10**6])
def test_the_offset_of_each_channel(cut: int) -> None:
    for seconds in (0.05, 3.0):
        offset = found(music(seconds) * np.float32(seconds > 1) + OFFSETS, cut)
        np.testing.assert_allclose(offset, OFFSETS, atol=1e-3)


def test_what_is_none() -> None:
    assert found(music()) is None
    assert found(music()[:0]) is None
    assert found(music() + np.float32(0.002)) is None
    stroke = music()
    stroke[: RATE // 4] += 0.5
    assert found(stroke) is None
    np.testing.assert_allclose(found(music() + np.float32([0, 0.02])), [0, 0.02], atol=1e-3)


@pytest.mark.parametrize("seconds", [0.08, 0.15, 0.25, 0.4, 20.0])
@pytest.mark.parametrize("hertz", [31.7, 45.0, 60.0])
@pytest.mark.parametrize("decay", [0.05, 0.3, np.inf])
def test_a_bass_drum_or_tone_has_none_wherever_it_is_cut(seconds: float, hertz: float, decay: float) -> None:
    time = np.arange(int(RATE * seconds)) / RATE
    since = time % 0.5 if decay < np.inf else time
    sound = 0.8 * np.exp(-since / decay) * np.sin(2 * np.pi * hertz * since)
    assert found(sound.astype(np.float32)[:, None]) is None


def test_it_changes_nothing_of_what_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "plain.wav", music(), RATE, "FLOAT")
    soundfile.write(tmp_path / "moved.wav", music() + OFFSETS, RATE, "FLOAT")
    plain = measure_file(tmp_path / "plain.wav", ConvertSettings())
    for kept in (first_pass.KEPT_BYTES, 1):
        monkeypatch.setattr(first_pass, "KEPT_BYTES", kept)
        moved = measure_file(tmp_path / "moved.wav", ConvertSettings())
        assert (moved.blocks is None) == (kept == 1)
        assert moved.level_db == pytest.approx(plain.level_db, abs=0.01)
        assert moved.loudness == pytest.approx(plain.loudness, abs=0.01)
        assert moved.peak == pytest.approx(plain.peak, abs=0.001)


def test_the_conversion_is_that_of_the_recording_without_it(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", music() + OFFSETS, RATE, "FLOAT")
    result = convert_track(line(), tmp_path / "a.wav", tmp_path / "b.wav")
    wanted = convert_samples(line(), music(), RATE)
    for got in (soundfile.read(tmp_path / "b.wav")[0], convert_samples(line(), music() + OFFSETS, RATE)):
        assert np.sum((got - wanted) ** 2) < 1e-4 * np.sum(wanted**2)
    (said,) = [text for text in result.changed if "offset" in text]
    assert said not in result.warnings


def test_where_nothing_is_changed_it_stays(tmp_path: Path) -> None:
    for name, samples, strength in (("a", music(), 0.0), ("b", music() * 0, 1.0)):
        moved = samples + OFFSETS
        soundfile.write(tmp_path / f"{name}.wav", moved, RATE, "FLOAT")
        result = convert_track(line(strength), tmp_path / f"{name}.wav", tmp_path / f"{name}-out.wav")
        np.testing.assert_array_equal(soundfile.read(tmp_path / f"{name}-out.wav", dtype="float32")[0], moved)
        assert not [text for text in (*result.changed, *result.warnings) if "offset" in text]
