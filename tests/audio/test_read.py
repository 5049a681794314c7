from __future__ import annotations

import errno
import os
import struct
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.read import open_audio, probe
from styleshift.errors import AudioError


def _all(path: Path, **options: Any) -> np.ndarray[Any, Any]:
    with open_audio(path, **options) as stream:
        return np.concatenate(list(stream.blocks(1000)))


def _reason(path: Path, **options: Any) -> str:
    with pytest.raises(AudioError) as caught:
        _all(path, **options)
    assert path.name in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.reason


@pytest.mark.parametrize(
    ("format", "subtype", "tolerance"),
    [
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("WAV", "ULAW", 3e-2),
        ("RF64", "PCM_16", 1e-4),
        ("AIFF", "PCM_16", 1e-4),
        ("FLAC", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.1),
        ("OGG", "OPUS", 0.1),
        ("MP3", "MPEG_LAYER_III", 0.1),
    ],
)
def test_reads_by_content_whatever_the_name(
    tmp_path: Path, tone: Any, save: Any, format: str, subtype: str, tolerance: float
) -> None:
    wave = tone(1.0, 24000, channels=2)
    path = save(tmp_path / "misnamed.txt", wave, 24000, format=format, subtype=subtype)
    with open_audio(path) as stream:
        assert (stream.sample_rate, stream.channels, stream.frames) == (24000, 2, 24000)
        blocks = list(stream.blocks(1000))
    assert all(block.dtype == np.float32 and 1 <= len(block) <= 1000 for block in blocks)
    got = np.concatenate(blocks)
    assert len(got) == 24000
    assert np.abs(got - wave)[2000:-2000].max() <= tolerance
    assert probe(path).subtype == subtype


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_are_read(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.flac")), tone(), format="FLAC")
    assert len(_all(path)) == 22050


def test_names_that_begin_with_a_dash_are_files(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "-dash.wav", tone())
    monkeypatch.chdir(tmp_path)
    assert len(_all(Path("-dash.wav"))) == 22050


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_a_number_is_refused_with_its_place(tmp_path: Path, tone: Any, save: Any, bad: float) -> None:
    wave = tone(1.0)
    wave[11025] = bad
    path = save(tmp_path / "x.wav", wave, subtype="FLOAT")
    assert _reason(path) == "not finite"
    with pytest.raises(AudioError, match=r"0\.500 s"):
        _all(path)


def test_huge_samples_are_refused(tmp_path: Path, tone: Any, save: Any) -> None:
    assert _reason(save(tmp_path / "x.wav", tone(peak=3e29), subtype="FLOAT")) == "damaged"
    assert len(_all(save(tmp_path / "y.wav", tone(peak=2.4), subtype="FLOAT"))) == 22050


def test_what_is_no_recording_says_so(tmp_path: Path, tone: Any, save: Any) -> None:
    (tmp_path / "text.wav").write_text("Dear diary " * 100)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(AudioError, match="format not recognised") as caught:
        open_audio(tmp_path / "text.wav")
    assert caught.value.reason == "unreadable"
    assert caught.value.hint.startswith("play it elsewhere")
    assert _reason(tmp_path / "empty.wav") == "unreadable"
    assert _reason(tmp_path / "folder.wav") == "unreadable"
    assert _reason(tmp_path / "missing.wav") == "unreadable"
    assert _reason(save(tmp_path / "none.wav", tone(0.0))) == "too short"


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert _reason(tmp_path / "pipe.wav") == "unreadable"


def _patched(path: Path, offset: int, format: str, value: int) -> Path:
    data = bytearray(path.read_bytes())
    struct.pack_into(format, data, offset, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("offset", "format", "value"), [(24, "<I", 1), (24, "<I", 0), (24, "<I", 4_000_000_000), (22, "<H", 0)]
)
def test_absurd_headers_are_refused(
    tmp_path: Path, tone: Any, save: Any, offset: int, format: str, value: int
) -> None:
    path = _patched(save(tmp_path / "x.wav", tone()), offset, format, value)
    assert _reason(path) == "absurd header"


def test_too_many_channels_are_refused(tmp_path: Path, tone: Any, save: Any) -> None:
    assert _reason(save(tmp_path / "x.wav", tone(0.1, channels=65))) == "absurd header"
    assert _reason(_patched(save(tmp_path / "y.wav", tone()), 22, "<H", 65535)) == "absurd header"


def test_a_forged_flac_header_allocates_nothing(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "x.flac", tone(1.0))
    data = bytearray(path.read_bytes())
    # STREAMINFO: 36 bits of total samples end at byte 26 of the file.
    data[21] = data[21] & 0xF0 | 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert probe(path).frames == (1 << 36) - 1
    assert _reason(path) == "damaged"
    assert len(_all(path, allow_cut=True)) == 22050


def test_a_cut_wav_is_an_error_or_a_warning(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "x.wav", tone(2.0))
    path.write_bytes(path.read_bytes()[:44100])
    assert _reason(path) == "damaged"
    with open_audio(path, allow_cut=True) as stream:
        assert sum(len(block) for block in stream.blocks(4096)) == (44100 - 44) // 2
        assert stream.warnings == ["cut short: its header promises 2 s, 0.999 s are there"]


def test_a_cut_mp3_is_an_error_or_a_warning(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "x.mp3", tone(4.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert _reason(path) == "damaged"
    with open_audio(path, allow_cut=True) as stream:
        frames = sum(len(block) for block in stream.blocks(4096))
        assert 1.0 < frames / 22050 < 3.0
        assert any("cut short: its header promises 4" in line for line in stream.warnings)


def test_a_cut_flac_gives_all_whole_frames_and_the_place(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "x.flac", tone(4.0))
    whole = _all(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    got: list[np.ndarray[Any, Any]] = []
    with open_audio(path) as stream, pytest.raises(AudioError, match="damaged somewhere after") as caught:
        got.extend(stream.blocks(1 << 17))
    there = np.concatenate(got)
    assert 0 < len(there) < len(whole)
    np.testing.assert_array_equal(there, whole[: len(there)])
    assert f"after {len(there) / 22050:.2f} s" in caught.value.message


def _without_length(path: Path) -> Path:
    """Take the Xing header away, as old encoders, cutters and radio recorders leave it out."""
    data = path.read_bytes()
    path.write_bytes(data[data.index(b"\xff\xfb", data.index(b"Xing")) :])
    return path


@pytest.fixture
def loud_then_quiet(tmp_path: Path, save: Any) -> Path:
    """An MP3 of variable bit rate: from its first frame's, a third of its length would be guessed."""
    noise = np.random.default_rng(0).standard_normal((44100 * 6, 1)).astype(np.float32) * 0.2
    noise[44100 * 2 :] *= 1e-3
    path = tmp_path / "x.mp3"
    with soundfile.SoundFile(path, "w", 44100, 1, bitrate_mode="VARIABLE", compression_level=0.2) as file:
        file.write(noise)
    return path


def test_an_mp3_without_a_length_is_read_to_its_end(loud_then_quiet: Path) -> None:
    whole = _all(loud_then_quiet)
    got = _all(_without_length(loud_then_quiet))
    assert len(whole) == 44100 * 6
    # Without the header nobody says how much of the encoder's padding to drop: 1105 samples at the start.
    np.testing.assert_array_equal(got[1105 + 44100 : 1105 + 44100 * 5], whole[44100 : 44100 * 5])
    assert len(whole) <= len(got) <= len(whole) + 3 * 1152


@pytest.mark.parametrize("frames", [1000, 1 << 18])
def test_an_mp3_cut_within_its_last_frame_loses_no_other(loud_then_quiet: Path, frames: int) -> None:
    path = _without_length(loud_then_quiet)
    whole = len(_all(path))
    path.write_bytes(path.read_bytes()[:-30])
    with open_audio(path) as stream:
        got = np.concatenate(list(stream.blocks(frames)))
        assert stream.warnings == ["its last MP3 frame is incomplete"]
    assert np.isfinite(got).all()
    assert whole - 2 * 1152 <= len(got) < whole


def test_padding_after_the_last_mp3_frame_does_no_harm(loud_then_quiet: Path) -> None:
    path = _without_length(loud_then_quiet)
    whole = len(_all(path))
    path.write_bytes(path.read_bytes() + bytes(5000))
    assert len(_all(path)) >= whole - 1152
    path.write_bytes(path.read_bytes() + bytes(100_000))
    assert _reason(path) == "damaged"


def test_a_stream_that_is_closed_early_lets_go_of_all(loud_then_quiet: Path) -> None:
    path = _without_length(loud_then_quiet)
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    for _ in range(5):
        with open_audio(path) as stream:
            next(iter(stream.blocks(100)))
    for _ in range(100):
        if len(os.listdir("/dev/fd")) == before:  # noqa: PTH208
            break
        time.sleep(0.02)
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_streamed_wav_without_a_length_is_whole(tmp_path: Path, tone: Any, save: Any, size: int) -> None:
    path = _patched(save(tmp_path / "x.wav", tone()), 40, "<I", size)
    assert len(_all(path)) == 22050


def test_an_unfinished_wav_says_so(tmp_path: Path, tone: Any, save: Any) -> None:
    path = _patched(save(tmp_path / "x.wav", tone()), 40, "<I", 0)
    assert _reason(path) == "damaged"
    with pytest.raises(AudioError, match="unfinished"):
        _all(path)


def test_damage_within_a_flac_is_found(tmp_path: Path, save: Any) -> None:
    noise = np.random.default_rng(0).standard_normal((22050, 1)).astype(np.float32) * 0.1
    path = save(tmp_path / "x.flac", noise)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert _reason(path, allow_cut=True) == "damaged"


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    (tmp_path / "x.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + b"\0" * 100)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AudioError) as caught:
        open_audio(tmp_path / "x.m4a")
    assert caught.value.reason == "unsupported"
    assert "pip install" in caught.value.hint


def test_nothing_stays_open_after_a_refusal(tmp_path: Path, tone: Any, save: Any) -> None:
    (tmp_path / "text.wav").write_text("no music")
    forged = _patched(save(tmp_path / "x.wav", tone()), 24, "<I", 1)
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0  # noqa: PTH208
    for _ in range(5):
        _reason(tmp_path / "text.wav")
        _reason(forged)
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_every_bad_file_is_read_or_refused_in_words(shared_data: Path) -> None:
    outcomes, messages = {}, []
    for path in sorted((shared_data / "bad").rglob("*")):
        if not path.is_file():
            continue
        try:
            with open_audio(path, allow_cut=True) as stream:
                for block in stream.blocks(65536):
                    assert np.isfinite(block).all()
            outcomes[path.name] = "read"
        except AudioError as error:
            outcomes[path.name] = error.reason
            messages.append(error.message)
    assert len(outcomes) > 150
    assert all(message and "\n" not in message for message in messages)
    assert outcomes["bitrot.flac"] == outcomes["truncated.flac"] == "damaged"
    assert outcomes["wav_named.mp3"] == outcomes["mp3_named.wav"] == outcomes["size_ffffffff.wav"] == "read"


def test_soundfile_is_what_it_was_built_on() -> None:
    # The checks above were made against these; an older libsndfile has no MP3.
    assert soundfile.available_formats().keys() >= {"WAV", "FLAC", "OGG", "MP3", "AIFF", "RF64"}


def _without_a_table(path: Path) -> Path:
    """An MP3 without the frame that tells its length."""
    data = path.read_bytes()
    table = max(data[:4000].find(mark) for mark in (b"Info", b"Xing"))
    path.write_bytes(data[data.index(data[:2], table) :])
    return path


@pytest.mark.parametrize(
    ("format", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")]
)
def test_a_disk_that_fails_in_the_middle_is_told_as_that(
    tmp_path: Path, save: Any, format: str, subtype: str
) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((44100 * 20, 2)).astype(np.float32)
    path = save(tmp_path / "x", noise, 44100, format=format, subtype=subtype)
    if format == "MP3":
        _without_a_table(path)
    with open_audio(path) as stream:
        blocks = stream.blocks(1000)
        next(blocks)
        bad = os.open(os.devnull, os.O_WRONLY)  # cannot be read from
        os.dup2(bad, stream._file)  # type: ignore[attr-defined]
        os.close(bad)
        with pytest.raises(AudioError, match="cannot be read") as caught:
            list(blocks)
    assert caught.value.reason == "unreadable"
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.skipif(sys.platform != "linux", reason="open files are found as Linux tells of them")
def test_a_disk_that_fails_at_once_is_told_and_nothing_stays_open(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    path = save(tmp_path / "x.flac", tone(1.0, 8000), 8000)
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "pread", fail)
    for _ in range(3):
        with pytest.raises(AudioError, match=r"x\.flac: cannot be read: Input/output error") as caught:
            open_audio(path)
        assert caught.value.reason == "unreadable"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(("head", "what"), [(b"ADIF", "ADIF"), (b"OFR ", "OptimFROG"), (b"MThd", "notes")])
def test_what_nothing_here_decodes_is_named(tmp_path: Path, head: bytes, what: str) -> None:
    (tmp_path / "a.aac").write_bytes(head + bytes(500))
    with pytest.raises(AudioError, match=what) as caught:
        open_audio(tmp_path / "a.aac")
    assert caught.value.reason == "unsupported"
