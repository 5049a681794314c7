"""An MP3 is as loud as what was written: ``styleshift.audio.mp3_scale``, by FFmpeg's decoder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styleshift.audio.encoding import as_many_bits
from styleshift.audio.formats import FORMATS
from styleshift.audio.mp3_scale import mp3_scale
from styleshift.audio.stream import AudioInfo
from styleshift.audio.write import AudioWriter

CLOSE_DB = 0.05


def _written(path: Path, wave: Any, rate: int, kilobits: int | None) -> np.ndarray[Any, Any]:
    av = pytest.importorskip("av")
    format = FORMATS["mp3"]
    if kilobits is not None:
        info = AudioInfo("MP3", "MPEG_LAYER_III", rate, wave.shape[1], None, "soundfile")
        format = as_many_bits(format, info, kilobits * 1000, rate)
    with AudioWriter(path, sample_rate=rate, channels=wave.shape[1], format=format) as writer:
        writer.write(wave)
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(file.streams.audio[0])]
    return np.concatenate(frames, axis=1).T


def _power_db(wave: Any) -> float:
    return float(10 * np.log10((np.asarray(wave, np.float64) ** 2).mean()))


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kilobits", [64, 96, 128, 160, 192, 224, 256, 320, None])
def test_an_mp3_is_as_loud_as_what_was_written(
    tmp_path: Path, tone: Any, rate: int, channels: int, kilobits: int | None
) -> None:
    wave = tone(1.5, rate, channels=channels)
    heard = _written(tmp_path / "a.mp3", wave, rate, kilobits)
    inner = slice(rate // 4, rate)
    assert abs(_power_db(heard[inner]) - _power_db(wave[inner])) < CLOSE_DB


def test_samples_at_full_scale_are_not_clipped_before_they_are_made_softer(tmp_path: Path) -> None:
    """A sine clipped at 0.95 of its height has a third harmonic 30 dB below it."""
    rate = 44100
    turns = 2 * np.pi * 1000 * np.arange(rate) / rate
    wave = np.sin(turns).astype(np.float32)[:, None]
    heard = _written(tmp_path / "a.mp3", wave, rate, 128)[rate // 4 : rate // 2, 0]
    window = np.hanning(len(heard))
    first, third = (abs(np.sum(window * heard * np.exp(-1j * k * turns[: len(heard)]))) for k in (1, 3))
    assert third < first * 1e-3


def test_what_has_no_factor_is_left_alone() -> None:
    assert mp3_scale(FORMATS["mp3"], 44100, 2) == 1.0
    assert mp3_scale(FORMATS["ogg"], 44100, 2) == 1.0
    constant = replace(FORMATS["mp3"], bitrate_mode="CONSTANT", compression_level=0.0)
    assert mp3_scale(constant, 44100, 2) == 1.0
    assert mp3_scale(constant, 12345, 2) == 1.0  # no rate of MP3: its encoder is to complain
