from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.naming import fitting, output_extension


def _by_av(path: Path, form: str, codec: str) -> Path:
    av: Any = pytest.importorskip("av")
    with av.open(str(path), "w", format=form) as box:
        track = box.add_stream(codec, rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="flt", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 48000, Fraction(1, 48000), 0
        box.mux(track.encode(frame))
        box.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "form", "codec", "ending"),
    [
        ("a.mka", "matroska", "flac", ".flac"),
        ("a.mka", "matroska", "pcm_s16le", ".flac"),
        ("a.mka", "matroska", "alac", ".flac"),
        ("a.mka", "matroska", "aac", ".m4a"),
        ("a.webm", "webm", "libopus", ".m4a"),
        ("a.ogg", "ogg", "flac", ".flac"),
        ("a.ogg", "ogg", "libopus", ".ogg"),
        ("a.m4a", "ipod", "alac", ".m4a"),
        ("a.mp4", "mp4", "flac", ".mp4"),
        ("a.wma", "asf", "pcm_s16le", ".flac"),
    ],
)
def test_the_extension_is_that_of_what_is_written(
    tmp_path: Path, name: str, form: str, codec: str, ending: str
) -> None:
    assert output_extension(_by_av(tmp_path / name, form, codec)) == ending


def test_a_wrong_name_is_put_right(tmp_path: Path) -> None:
    wrong = (("a.mp3", "WAV", ".wav"), ("b.wav", "FLAC", ".flac"), ("c.WAV", "WAV", ".WAV"))
    for name, form, ending in wrong:
        soundfile.write(tmp_path / name, np.zeros(4800), 48000, format=form)
        assert output_extension(tmp_path / name) == ending
    (tmp_path / "d.ape").write_bytes(b"no music")
    assert output_extension(tmp_path / "d.ape") == ".flac"


@pytest.mark.parametrize("letter", ["a", "音", "\udce9"])
def test_names_that_are_too_long_are_shortened_and_stay_apart(letter: str) -> None:
    size = len(os.fsencode(letter))
    long = [f"x/{letter * (249 // size)}{number}.flac" for number in (1, 2)]
    assert [fitting(name) for name in long] == long
    longer = [name.replace(".flac", "-and-more.flac") for name in long]
    found = {fitting(name) for name in longer}
    assert len(found) == 2
    for name in found:
        assert name.startswith("x/")
        assert name.endswith(".flac")
        assert len(os.fsencode(name.removeprefix("x/"))) <= 255


@pytest.mark.parametrize(("kind", "extension"), [("WAV", ".wav"), ("FLAC", ".flac"), ("MP3", ".mp3")])
def test_a_name_without_an_extension_gets_that_of_its_content(
    tmp_path: Path, kind: str, extension: str
) -> None:
    soundfile.write(tmp_path / "take 1", np.zeros((4000, 1), np.float32), 44100, format=kind)
    assert output_extension(tmp_path / "take 1") == extension
