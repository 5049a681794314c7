"""What a header says of its length and bits: ``styleshift.audio.wave_header``."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.encoding import choose, same_format
from styleshift.audio.formats import FORMATS, OutputFormat
from styleshift.audio.read import open_audio, probe
from styleshift.audio.write import AudioWriter

FRAMES = 30_011


def _fact(path: Path) -> int:
    data = path.read_bytes()
    skipped, width = (24, 8) if path.suffix == ".w64" else (8, 4)
    return int.from_bytes(data[data.index(b"fact") + skipped :][:width], "little")


def _set_fact(path: Path, frames: int) -> Path:
    data = bytearray(path.read_bytes())
    at = data.index(b"fact") + (24 if path.suffix == ".w64" else 8)
    value = struct.pack("<Q" if path.suffix == ".w64" else "<I", frames)
    data[at : at + len(value)] = value
    path.write_bytes(data)
    return path


def _written(path: Path, sound: Any, like: Path) -> Path:
    """A file as another one is."""
    format = same_format(probe(like), path)
    with AudioWriter(path, sample_rate=44100, channels=sound.shape[1], format=format) as writer:
        writer.write(sound)
    assert writer.held == writer.frames
    return path


def _seen_by_ffmpeg(path: Path) -> int:
    """Frames of a file, by its header."""
    av: Any = pytest.importorskip("av")
    with av.open(str(path)) as file:
        track = file.streams.audio[0]
        return round(track.duration * track.time_base * track.rate)


def _read(path: Path) -> np.ndarray[Any, Any]:
    with open_audio(path) as stream:
        return np.concatenate(list(stream.blocks(4096)))


@pytest.mark.parametrize(
    ("subtype", "channels"),
    [
        ("IMA_ADPCM", 1),
        ("IMA_ADPCM", 2),
        ("MS_ADPCM", 1),
        ("MS_ADPCM", 2),
        ("GSM610", 1),
        ("G721_32", 1),
    ],
)
@pytest.mark.parametrize("container", ["wav", "w64"])
def test_what_is_in_blocks_keeps_its_length_through_conversions(
    tmp_path: Path, tone: Any, subtype: str, channels: int, container: str
) -> None:
    if not soundfile.check_format(container, subtype):
        pytest.skip("libsndfile has no such files")
    wave = tone(1.0, 44100, channels=channels)[:FRAMES]
    path = tmp_path / f"0.{container}"
    soundfile.write(path, wave, 44100, subtype)
    _set_fact(path, FRAMES)  # as FFmpeg and SoX write it; libsndfile's own counts blocks in some
    assert soundfile.info(path).frames > FRAMES
    for number in (1, 2):
        assert probe(path).frames == FRAMES
        sound = _read(path)
        assert len(sound) == FRAMES
        path = _written(tmp_path / f"{number}.{container}", sound, tmp_path / f"0.{container}")
        assert _fact(path) == _seen_by_ffmpeg(path) == FRAMES


def _pad(path: Path) -> Path:
    """Make the sound in a W64 a multiple of 8 bytes, and count what fills it up, as FFmpeg does."""
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 16
    (length,) = struct.unpack_from("<Q", data, at)
    more = -length % 8
    struct.pack_into("<Q", data, at, length + more)
    path.write_bytes(data[: at - 16 + length] + bytes(more) + data[at - 16 + length + more :])
    return path


# libsndfile takes what is behind an odd number of blocks for one more.
@pytest.mark.parametrize("frames", [1, 160, 320, 321, 16_000, 16_001, 16_097, 16_320])
@pytest.mark.parametrize("container", ["wav", "w64"])
def test_gsm_of_any_number_of_blocks_keeps_its_length(
    tmp_path: Path, tone: Any, frames: int, container: str
) -> None:
    old = tmp_path / f"old.{container}"
    soundfile.write(old, tone(1.0, 44100)[:frames], 44100, "GSM610")
    if container == "w64":
        _pad(old)
    _set_fact(old, frames)
    new = _written(tmp_path / f"new.{container}", _read(old), old)
    for path in (old, new):
        assert probe(path).frames == len(_read(path)) == frames
    _set_fact(old, 0)  # so that its blocks are all that is known
    assert len(_read(old)) == -(-frames // 320) * 320


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_what_a_w64_is_filled_up_with_is_no_sound(
    tmp_path: Path, tone: Any, subtype: str, channels: int
) -> None:
    wave = tone(1.0, 44100, channels=channels)[:FRAMES]
    old = tmp_path / "old.w64"
    soundfile.write(old, wave, 44100, subtype)
    _pad(old)
    width = {"ULAW": 1, "ALAW": 1, "FLOAT": 4, "DOUBLE": 8}[subtype] * channels
    assert soundfile.info(old).frames == FRAMES + (-FRAMES * width % 8) // width
    new = _written(tmp_path / "new.w64", _read(old), old)
    for path in (old, new):
        assert probe(path).frames == len(_read(path)) == FRAMES
    _set_fact(old, FRAMES - 8)  # which no filling explains
    assert len(_read(old)) == soundfile.info(old).frames


@pytest.mark.parametrize("codec", ["pcm_mulaw", "pcm_alaw"])
def test_a_w64_of_ffmpeg_is_as_long_as_it_was(tmp_path: Path, codec: str) -> None:
    av: Any = pytest.importorskip("av")
    path = tmp_path / "a.w64"
    with av.open(str(path), "w") as file:
        track = file.add_stream(codec, rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, FRAMES), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 44100, 0
        for packet in (*track.encode(frame), *track.encode(None)):
            file.mux(packet)
    assert _fact(path) == probe(path).frames == len(_read(path)) == FRAMES


@pytest.mark.parametrize(("subtype", "frames"), [("PCM_S8", 30_011), ("ULAW", 30_011), ("PCM_U8", 7)])
def test_an_aiff_of_an_odd_number_of_bytes_keeps_its_length(
    tmp_path: Path, tone: Any, subtype: str, frames: int
) -> None:
    old = tmp_path / "old.aiff"
    soundfile.write(old, tone(1.0, 44100), 44100, subtype)
    new = _written(tmp_path / "new.aiff", tone(1.0, 44100)[:frames], old)
    assert probe(new).frames == len(_read(new)) == soundfile.info(new).frames == frames
    assert _seen_by_ffmpeg(new) == frames


@pytest.mark.parametrize("channels", [1, 2])
def test_an_aiff_says_of_adpcm_how_many_blocks_there_are(tmp_path: Path, tone: Any, channels: int) -> None:
    """It has no place for less; libsndfile counts those of all channels apart."""
    old, frames = tmp_path / "old.aifc", 469 * 64
    wave = tone(1.0, 44100, channels=channels)
    soundfile.write(old, wave, 44100, "IMA_ADPCM", format="AIFF")
    new = _written(tmp_path / "new.aifc", wave[:frames], old)
    assert probe(new).frames == soundfile.info(new).frames == _seen_by_ffmpeg(new) == frames


def test_a_format_without_a_place_for_its_length_tells_what_it_holds(tmp_path: Path, tone: Any) -> None:
    format = OutputFormat("voc", "VOC", "ULAW", ".voc", lossy=True)
    with AudioWriter(tmp_path / "a.voc", sample_rate=44100, channels=1, format=format) as writer:
        writer.write(tone(1.0, 44100)[:FRAMES])
    assert (writer.frames, writer.held) == (FRAMES, FRAMES + 1)


@pytest.mark.parametrize("container", ["wav", "w64"])
@pytest.mark.parametrize("told", [0, 100, 2**31])
def test_a_length_that_cannot_be_true_is_not_believed(
    tmp_path: Path, tone: Any, told: int, container: str
) -> None:
    path = tmp_path / f"a.{container}"
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
