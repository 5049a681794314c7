"""How recordings look: computed once, apart, and comparable."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from styleshift.errors import AudioError
from styleshift.studio import looks as module
from styleshift.studio.looks import Look, Looks, difference, gains, picture


def look_of(level: float, loudness: float = -20.0) -> Look:
    decibels = np.full((4, 6), level, np.float32)
    return Look(decibels, np.zeros(6, np.float32), np.ones(6, np.float32), 2.0, loudness, 8000.0)


class Here:
    """In the place of a process apart."""

    def __init__(self, *_: object, **__: object) -> None:
        self._pool = ThreadPoolExecutor(1)

    def __getattr__(self, name: str) -> object:
        return getattr(self._pool, name)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ProcessPoolExecutor", Here)


def test_a_tone_is_seen_where_it_is_and_measured(tmp_path: Path, here: None) -> None:
    time = np.arange(3 * 48000) / 48000
    soundfile.write(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * 997 * time), 48000, subtype="FLOAT")
    look = Looks(tmp_path / "cache").look(tmp_path / "tone.wav")
    row = int(look.decibels.max(axis=1).argmax())
    assert look.axes.height_of(997) * 255 == pytest.approx(row, abs=1)
    assert look.loudness == pytest.approx(-9.03, abs=0.2)  # BS.1770: -3.01 at full scale
    assert look.high[100] == pytest.approx(0.5, abs=0.01)
    assert look.seconds == pytest.approx(3)


def test_it_is_computed_once_and_again_when_the_file_is_another(
    tmp_path: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Path] = []
    real = module.draw

    def draw(path: Path, kept: Path, high: float) -> None:
        drawn.append(path)
        real(path, kept, high)

    monkeypatch.setattr(module, "draw", draw)
    file = tmp_path / "a.wav"
    soundfile.write(file, np.full(8000, 0.1), 8000)
    looks = Looks(tmp_path / "cache")
    looks.look(file)
    Looks(tmp_path / "cache").look(file)
    assert len(drawn) == 1
    soundfile.write(file, np.full(8000, 0.2), 8000)
    os.utime(file, ns=(1, 1))
    assert looks.look(file).high.max() == pytest.approx(0.2, abs=1e-3)
    assert len(drawn) == 2


def test_recordings_of_two_rates_are_on_one_axis(tmp_path: Path, here: None) -> None:
    for rate in (16000, 44100):
        soundfile.write(tmp_path / f"{rate}.wav", np.random.default_rng(0).uniform(-0.1, 0.1, rate), rate)
    low, high = Looks(tmp_path / "cache").alike([tmp_path / "16000.wav", tmp_path / "44100.wav"])
    assert low.high_hz == high.high_hz == 7200


def test_silence_has_no_loudness_and_is_not_raised(tmp_path: Path, here: None) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16000), 16000)
    silent = Looks(tmp_path / "cache").look(tmp_path / "a.wav")
    assert np.isnan(silent.loudness)
    assert gains([silent, look_of(-10)]) == [1.0, 1.0]
    assert gains([look_of(0, -14.0), look_of(0, -20.0)]) == pytest.approx([0.501, 1.0], abs=1e-3)


def test_equal_recordings_differ_nowhere_also_when_one_is_louder() -> None:
    from html_pages import pixels

    indices, colours = pixels(difference(look_of(-10), look_of(-20)))
    assert set(np.unique(indices)) == {128}
    louder = look_of(-20)
    louder.decibels[0] += 40
    indices, _ = pixels(difference(look_of(-20), louder))
    assert (indices[0] == 255).all()
    assert (indices[1:] == 128).all()
    assert colours[255][0] > colours[255][2], "louder is orange"
    assert colours[0][2] > colours[0][0], "quieter is blue"


def test_what_is_compared_has_the_same_colours() -> None:
    from html_pages import pixels

    quiet, loud = look_of(-40), look_of(0)
    assert pixels(picture(quiet, [quiet, loud]))[0].max() == round(255 * (1 - 40 / 75))
    assert pixels(picture(quiet, [quiet]))[0].max() == 255


def test_a_decoder_that_crashes_costs_one_picture(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(8000, 0.1), 8000)
    looks = Looks(tmp_path / "cache")
    with pytest.raises(AudioError, match="ended its process"):
        looks._apart(crash, tmp_path / "a.wav")
    assert looks.look(tmp_path / "a.wav").seconds == 1
    looks.close()


def crash(path: Path) -> None:
    os.abort()


@pytest.mark.parametrize(
    ("name", "subtype", "played"),
    [
        ("a.wav", "PCM_16", True),
        ("a.ogg", "VORBIS", True),
        ("a.wav", "GSM610", False),
        ("a.w64", "PCM_16", False),
    ],
)
def test_what_browsers_do_not_play_gets_a_copy_that_they_do(
    tmp_path: Path, here: None, name: str, subtype: str, played: bool
) -> None:
    file = tmp_path / name
    soundfile.write(file, np.sin(np.arange(8000) / 5) / 4, 8000, subtype=subtype)
    heard, media_type = Looks(tmp_path / "cache").playable(file)
    assert (heard == file) == played
    if not played:
        assert heard.suffix == ".flac"
        assert media_type == "audio/flac"
        assert soundfile.info(heard).frames == 8000


@pytest.mark.parametrize("rest", [b"", bytes(3000)])
def test_of_a_damaged_recording_what_can_be_read_is_seen_and_heard(
    tmp_path: Path, here: None, rest: bytes
) -> None:
    file = tmp_path / "a.flac"
    soundfile.write(file, np.random.default_rng(0).uniform(-0.3, 0.3, 4 * 44100), 44100)
    data = file.read_bytes()
    half = len(data) // 2
    file.write_bytes(data[:half] + rest + (data[half + len(rest) :] if rest else b""))
    looks = Looks(tmp_path / "cache")
    look = looks.look(file)
    assert 1.4 < look.seconds < 2.1
    assert (look.high > 0.2).all(), "nothing of the width is left blank"
    heard, media_type = looks.playable(file)
    assert media_type == "audio/flac"
    assert soundfile.info(heard).duration == pytest.approx(look.seconds)


def test_what_holds_no_sound_that_can_be_read_is_an_error(tmp_path: Path, here: None) -> None:
    file = tmp_path / "a.flac"
    soundfile.write(file, np.random.default_rng(0).uniform(-0.3, 0.3, 44100), 44100)
    data = file.read_bytes()
    file.write_bytes(data[:200] + bytes(len(data) - 200))
    with pytest.raises(AudioError):
        Looks(tmp_path / "cache").look(file)


def test_silence_is_black_also_by_itself(tmp_path: Path, here: None) -> None:
    from html_pages import pixels

    soundfile.write(tmp_path / "a.wav", np.zeros(16000), 16000)
    silent = Looks(tmp_path / "cache").look(tmp_path / "a.wav")
    assert pixels(picture(silent, [silent]))[0].max() == 0
