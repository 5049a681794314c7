"""What a WAV's header says of its length and bits: ``styleshift.audio.wave_header``."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.encoding import choose, same_format
from styleshift.audio.formats import FORMATS
from styleshift.audio.read import open_audio, probe
from styleshift.audio.write import AudioWriter

FRAMES = 30_011


def _fact(path: Path) -> int:
    data = path.read_bytes()
    return int.from_bytes(data[data.index(b"fact") + 8 :][:4], "little")


def _set_fact(path: Path, frames: int) -> Path:
    data = bytearray(path.read_bytes())
    at = data.index(b"fact") + 8
    data[at : at + 4] = struct.pack("<I", frames)
    path.write_bytes(data)
    return path


def _read(path: Path) -> np.ndarray[Any, Any]:
    with open_audio(path) as stream:
        return np.concatenate(list(stream.blocks(4096)))


@pytest.mark.parametrize(
    ("subtype", "channels"),
    [("IMA_ADPCM", 1), ("IMA_ADPCM", 2), ("MS_ADPCM", 1), ("MS_ADPCM", 2), ("GSM610", 1)],
)
def test_a_wav_in_blocks_keeps_its_length_through_conversions(
    tmp_path: Path, tone: Any, subtype: str, channels: int
) -> None:
    wave = tone(1.0, 44100, channels=channels)[:FRAMES]
    path = tmp_path / "0.wav"
    soundfile.write(path, wave, 44100, subtype)
    _set_fact(path, FRAMES)  # as FFmpeg and SoX write it; libsndfile's own counts blocks in some
    assert soundfile.info(path).frames > FRAMES
    for number in (1, 2):
        assert probe(path).frames == FRAMES
        sound = _read(path)
        assert len(sound) == FRAMES
        path = tmp_path / f"{number}.wav"
        format = same_format(probe(tmp_path / "0.wav"), path)
        with AudioWriter(path, sample_rate=44100, channels=channels, format=format) as writer:
            writer.write(sound)
        assert _fact(path) == FRAMES


@pytest.mark.parametrize("told", [0, 100, 2**31])
def test_a_length_that_cannot_be_true_is_not_believed(tmp_path: Path, tone: Any, told: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0, 44100, channels=2)[:FRAMES], 44100, "IMA_ADPCM")
    assert len(_read(_set_fact(path, told))) == soundfile.info(path).frames


def test_a_plain_wav_is_read_by_its_samples(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0, 44100)[:FRAMES], 44100, "FLOAT")
    assert len(_read(_set_fact(path, FRAMES - 5))) == FRAMES


def test_bits_that_do_not_count_are_named(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(0.1, 44100), 44100, "PCM_24", format="WAVEX")
    assert choose(probe(path), path).changes == ()
    data = bytearray(path.read_bytes())
    at = data.index(b"fmt ") + 8 + 18
    assert data[at : at + 2] == b"\x18\0"
    data[at] = 20
    path.write_bytes(data)
    for target, asked in (("b.wav", None), ("b.flac", FORMATS["flac"])):
        choice = choose(probe(path), Path(target), asked)
        assert choice.changes[-1] == "20 valid bits in 24 become 24"
        assert choice.losses == ()
