from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.encoding import same_format, writable_rate
from styleshift.audio.formats import FORMATS, output_format
from styleshift.audio.read import open_audio, probe
from styleshift.audio.stream import AudioInfo
from styleshift.audio.write import AudioWriter, RememberingFile, check_taken, remove_leftovers
from styleshift.errors import AudioError, UsageError


def _write(writer: AudioWriter, wave: Any, then: Callable[[], object] = int) -> None:
    with writer:
        writer.write(wave)
        then()


def _read(path: Path) -> np.ndarray[Any, Any]:
    with open_audio(path) as stream:
        return np.concatenate(list(stream.blocks(8192)))


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "m4a"])
@pytest.mark.parametrize("frames", [100, 48_017])
def test_what_is_written_is_read_back_to_the_sample(
    tmp_path: Path, tone: Any, name: str, frames: int
) -> None:
    format = FORMATS[name]
    wave = tone(2.0, 48000, channels=2)[:frames]
    path = tmp_path / f"x{format.extension}"
    with AudioWriter(path, sample_rate=48000, channels=2, format=format) as writer:
        for start in range(0, frames, 10_000):
            writer.write(wave[start : start + 10_000])
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208
    got = _read(path)
    assert got.shape == wave.shape
    if not format.lossy:
        assert np.abs(got - wave).max() < 1e-4
    elif frames > 10_000:
        assert np.abs(got - wave)[3000:-3000].max() < 0.05


@pytest.mark.parametrize("format_name", ["wav", "aiff", "flac"])
@pytest.mark.parametrize(("subtype", "bits"), [("PCM_16", 16), ("PCM_24", 24)])
def test_samples_between_two_steps_become_the_nearer_one(
    tmp_path: Path, format_name: str, subtype: str, bits: int
) -> None:
    """Rounded down, what is just below nothing would be a step below it: silence would not stay silence."""
    steps = np.array([[-0.002, 0.6, -0.4, 0.4, -0.6, 3, -5, 1000.7, -1000.7, 1e9, -1e9]]).T
    path = tmp_path / f"a.{format_name}"
    form = replace(output_format(format_name), subtype=subtype)
    with AudioWriter(path, sample_rate=16000, channels=1, format=form) as writer:
        writer.write((steps / 2 ** (bits - 1)).astype(np.float32))
    found = soundfile.read(path, dtype="int32")[0] >> (32 - bits)
    assert found.tolist() == [0, 1, 0, 0, -1, 3, -5, 1001, -1001, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))]


def test_an_m4a_is_read_back_to_the_sample(tmp_path: Path, tone: Any) -> None:
    pytest.importorskip("av")
    wave = tone(1.0, 44100, channels=2)[:44_017]
    with AudioWriter(tmp_path / "x.m4a", sample_rate=44100, channels=2, format=FORMATS["m4a"]) as writer:
        writer.write(wave)
    got = _read(tmp_path / "x.m4a")
    assert got.shape == wave.shape
    assert np.abs(got - wave)[3000:-3000].max() < 0.05
    assert same_format(probe(tmp_path / "x.m4a"), Path("y.m4b")).extension == ".m4b"


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_the_same_format_keeps_the_bit_depth(tmp_path: Path, tone: Any, save: Any, subtype: str) -> None:
    source = save(tmp_path / "x.wav", tone(), subtype=subtype)
    format = same_format(probe(source), source)
    with AudioWriter(tmp_path / "y.wav", sample_rate=22050, channels=1, format=format) as writer:
        writer.write(tone())
    assert probe(tmp_path / "y.wav") == probe(source)


def test_alac_in_caf_stays_there_with_its_bits() -> None:
    for bits in (16, 20, 24, 32):
        info = AudioInfo("CAF", "alac", 44100, 2, None, "pyav", bits=bits)
        assert same_format(info, Path("a.caf")).subtype == f"ALAC_{bits}"


def test_a_minute_of_vorbis_in_one_block_does_not_crash(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal((70 * 22050, 1)).astype(np.float32) * 0.1
    with AudioWriter(tmp_path / "x.ogg", sample_rate=22050, channels=1, format=FORMATS["ogg"]) as writer:
        writer.write(noise)
    assert probe(tmp_path / "x.ogg").frames == len(noise)


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_sound_gives_the_same_bytes(tmp_path: Path, tone: Any, name: str) -> None:
    if name == "m4a":
        pytest.importorskip("av")
    made = []
    for number in range(2):
        path = tmp_path / f"{number}{FORMATS[name].extension}"
        with AudioWriter(path, sample_rate=48000, channels=1, format=FORMATS[name]) as writer:
            writer.write(tone(3.0, 48000))
        made.append(path.read_bytes())
    assert made[0] == made[1]
    assert len(_read(path)) == 3 * 48000


@pytest.mark.parametrize("name", ["mp3", "flac"])
def test_not_a_number_never_reaches_an_encoder(tmp_path: Path, tone: Any, name: str) -> None:
    wave = tone()
    wave[100] = np.nan
    writer = AudioWriter(tmp_path / f"x.{name}", sample_rate=22050, channels=1, format=FORMATS[name])
    with pytest.raises(AudioError) as caught:
        _write(writer, wave)
    assert caught.value.reason == "not finite"
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_an_error_in_between_leaves_the_old_file(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "x.flac", tone(2.0))
    before = path.read_bytes()
    writer = AudioWriter(path, sample_rate=22050, channels=1, format=FORMATS["flac"])
    with pytest.raises(ZeroDivisionError):
        _write(writer, tone(), then=lambda: 1 / 0)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.flac"]  # noqa: PTH208


def test_tags_are_written_before_the_file_appears(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "x.flac"
    seen: list[bool] = []
    with AudioWriter(
        path,
        sample_rate=22050,
        channels=1,
        format=FORMATS["flac"],
        on_written=lambda temporary: seen.append(temporary.exists() and not path.exists()),
    ) as writer:
        writer.write(tone())
    assert seen == [True]


class _FullDisk(RememberingFile):
    """Takes 10 000 bytes, then says what Linux says."""

    taken = 0

    def write(self, data: Any) -> int:
        if self.error is None and self.taken + len(data) > 10_000:
            self.error = OSError(28, "No space left on device")
        done = super().write(data)
        self.taken += done
        return done


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "ogg", "opus", "aiff"])
@pytest.mark.parametrize("seconds", [0.3, 4.0])
def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, seconds: float
) -> None:
    monkeypatch.setattr("styleshift.audio.write.RememberingFile", _FullDisk)
    noise = np.random.default_rng(0).standard_normal((int(seconds * 48000), 2)).astype(np.float32) * 0.2
    format = FORMATS[name]
    path = tmp_path / f"x{format.extension}"
    failure: AudioError | None = None
    try:
        _write(AudioWriter(path, sample_rate=48000, channels=2, format=format), noise)
    except AudioError as error:
        failure = error
    if failure is None:  # small lossy files fit; nothing else may claim success
        assert path.stat().st_size <= 10_000
        assert len(_read(path)) == len(noise)
        return
    assert failure.reason == "cannot write"
    assert "No space left" in failure.message
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_disk_that_is_full_at_close_is_seen() -> None:
    file = RememberingFile("/dev/full", "w")
    assert file.write(b"x" * 100) == 0
    assert file.error is not None
    assert file.error.errno == 28


def test_what_a_format_does_not_take_is_said(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="mp3 does not take 6 channels") as caught:
        AudioWriter(tmp_path / "x.mp3", sample_rate=44100, channels=6, format=FORMATS["mp3"])
    assert caught.value.message == "x.mp3: mp3 does not take 6 channels at 44100 Hz"
    assert caught.value.hint == "another `audio_format`, such as flac"
    with pytest.raises(AudioError) as foretold:
        check_taken(tmp_path / "x.mp3", FORMATS["mp3"], 44100, 6)
    assert foretold.value.message == caught.value.message
    with pytest.raises(AudioError) as many:
        check_taken(tmp_path / "x.flac", FORMATS["flac"], 44100, 9)
    assert many.value.hint == "another `audio_format`, such as wav"
    check_taken(tmp_path / "x.flac", FORMATS["flac"], 44100, 8)
    with pytest.raises(AudioError, match="cannot be written"):
        AudioWriter(tmp_path / "no" / "x.wav", sample_rate=44100, channels=1, format=FORMATS["wav"])
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_wav_beyond_four_gigabytes_becomes_an_rf64(tmp_path: Path, tone: Any) -> None:
    with AudioWriter(
        tmp_path / "x.wav", sample_rate=22050, channels=1, format=FORMATS["wav"], frames=3_000_000_000
    ) as writer:
        writer.write(tone())
    assert probe(tmp_path / "x.wav").format == "RF64"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_are_written(tmp_path: Path, tone: Any) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.flac"))
    with AudioWriter(path, sample_rate=22050, channels=1, format=FORMATS["flac"]) as writer:
        writer.write(tone())
    assert os.listdir(os.fsencode(tmp_path)) == [b"caf\xe9.flac"]  # noqa: PTH208


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path, save: Any, tone: Any) -> None:
    save(tmp_path / "x.wav", tone())
    AudioWriter(tmp_path / "y.wav", sample_rate=22050, channels=1, format=FORMATS["wav"])
    assert remove_leftovers(tmp_path) == 1
    assert os.listdir(tmp_path) == ["x.wav"]  # noqa: PTH208


def test_formats_are_named_and_rates_fitted() -> None:
    assert output_format("FLAC") is FORMATS["flac"]
    with pytest.raises(UsageError, match=r"'wmv'.*flac"):
        output_format("wmv")
    assert writable_rate(FORMATS["opus"], 44100) == 48000
    assert writable_rate(FORMATS["mp3"], 20500) == 22050
    assert writable_rate(FORMATS["mp3"], 96000) == 48000
    assert writable_rate(FORMATS["flac"], 20500) == 20500
