"""Several recordings in one file: all of their sound is read, or what lies behind is named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from audio_files import encode
from mutagen import id3

from styleshift.audio import linked
from styleshift.audio.containers.mpeg import frame_of
from styleshift.audio.read import open_audio
from styleshift.errors import AudioError


def _read(path: Path, **options: Any) -> tuple[np.ndarray[Any, Any], list[str]]:
    with open_audio(path, **options) as stream:
        sound = np.concatenate(list(stream.blocks(5000)))
        return sound, stream.warnings


def _heard(sound: np.ndarray[Any, Any], rate: int, hertz: float) -> float:
    """Seconds in which a tone is the loudest, measured in steps of 0.1 s."""
    step = rate // 10
    peaks = [
        np.abs(np.fft.rfft(sound[start : start + step, -1])).argmax() * 10
        for start in range(0, len(sound) - step + 1, step)
    ]
    return sum(abs(peak - hertz) <= 10 for peak in peaks) / 10


def _write(path: Path, wave: Any, rate: int, **options: Any) -> bytes:
    with soundfile.SoundFile(path, "w", rate, wave.shape[1], **options) as file:
        file.write(wave)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("a.ogg", {"subtype": "VORBIS"}, 44100),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}, 48000),
        ("a.flac", {}, 44100),
        ("a.wav", {}, 44100),
        ("a.aiff", {}, 44100),
        ("a.mp3", {"bitrate_mode": "VARIABLE"}, 44100),
        ("a.mp3", {"bitrate_mode": "CONSTANT"}, 44100),
        ("a.au", {}, 44100),
        ("a.caf", {}, 44100),
        ("a.w64", {}, 44100),
    ],
)
def test_recordings_one_behind_the_other_are_all_read(
    tmp_path: Path, tone: Any, name: str, options: Any, rate: int
) -> None:
    first = _write(tmp_path / name, tone(3.0, rate, hertz=440, channels=2), rate, **options)
    second = _write(tmp_path / name, tone(4.0, rate, hertz=660, channels=2), rate, **options)
    (tmp_path / name).write_bytes(first + second)
    sound, warnings = _read(tmp_path / name)
    assert len(sound) == pytest.approx(7 * rate, abs=0.15 * rate)
    assert _heard(sound, rate, 440) == pytest.approx(3, abs=0.2)
    assert _heard(sound, rate, 660) == pytest.approx(4, abs=0.2)
    assert any("2 recordings one behind the other" in line for line in warnings)


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [
        ("a.m4a", "ipod", "aac"),
        ("b.m4a", "ipod", "alac"),
        ("a.mka", "matroska", "flac"),
        ("a.tta", "tta", "tta"),
        ("a.wv", "wv", "wavpack"),
        ("a.wma", "asf", "wmav2"),
    ],
)
def test_also_those_that_ffmpeg_decodes(tmp_path: Path, tone: Any, name: str, form: str, codec: str) -> None:
    path = tmp_path / name
    parts = [
        encode(path, form, codec, tone(seconds, 44100, hertz=hertz), 44100).read_bytes()
        for seconds, hertz in ((1.0, 440), (2.0, 660))
    ]
    path.write_bytes(b"".join(parts))
    sound, warnings = _read(path)
    assert len(sound) == pytest.approx(3 * 44100, abs=0.15 * 44100)
    assert _heard(sound, 44100, 660) == pytest.approx(2, abs=0.2)
    assert any("2 recordings one behind the other" in line for line in warnings)


def test_a_second_flac_as_long_as_the_first(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(_write(path, tone(1.0, 22050), 22050) * 2)
    assert len(_read(path)[0]) == 2 * 22050


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "wav"])
def test_tags_of_later_recordings_are_named_where_they_differ(tmp_path: Path, tone: Any, kind: str) -> None:
    parts = []
    for number, title in enumerate(("One", "One", "Two")):
        path = tmp_path / f"{number}.{kind}"
        _write(path, tone(1.0, 22050), 22050)
        file: Any = mutagen.File(path, easy=kind == "mp3")
        if file.tags is None:
            file.add_tags()
        if kind == "wav":
            file.tags.add(id3.TIT2(text=[title]))
            file.tags.add(id3.TPE1(text=["A"]))
        else:
            file["title"], file["artist"] = title, "A"
        file.save()
        parts.append(path.read_bytes())
    path = tmp_path / f"joined.{kind}"
    path.write_bytes(b"".join(parts))
    with open_audio(path) as stream:
        assert stream.extras == ["title of recording 3"]
    path.write_bytes(parts[0] + parts[1])
    with open_audio(path) as stream:
        assert stream.extras == []


def test_joined_mp3s_of_other_channels_and_rates(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.mp3"
    parts = [
        _write(path, tone(2.0, 44100, hertz=440), 44100),
        _write(path, tone(2.0, 44100, hertz=660, channels=2), 44100),
        _write(path, tone(2.0, 22050, hertz=880), 22050),
    ]
    path.write_bytes(b"".join(parts))
    with open_audio(path) as stream:
        assert (stream.sample_rate, stream.channels) == (44100, 2)
        sound = np.concatenate(list(stream.blocks(5000)))
    assert len(sound) == pytest.approx(6 * 44100, abs=0.3 * 44100)
    for hertz in (440, 660, 880):
        assert _heard(sound, 44100, hertz) == pytest.approx(2, abs=0.2)


def test_mp3_frames_behind_those_that_a_xing_header_counts(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.mp3"
    first = _write(path, tone(3.0, 44100, hertz=440), 44100)
    second = _write(path, tone(4.0, 44100, hertz=660), 44100)
    header = frame_of(second[:4])
    assert header is not None
    assert b"Xing" in second[: header.length] or b"Info" in second[: header.length]
    path.write_bytes(first + second[header.length :])  # its frames, without a header of their own
    sound, _ = _read(path)
    assert len(sound) == pytest.approx(7 * 44100, abs=0.15 * 44100)
    assert _heard(sound, 44100, 660) == pytest.approx(4, abs=0.2)


def test_a_flac_whose_header_counts_too_few_samples(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.flac"
    data = bytearray(_write(path, tone(3.0, 44100), 44100))
    packed = int.from_bytes(data[18:26], "big")
    data[18:26] = (packed >> 36 << 36 | 44100).to_bytes(8, "big")
    path.write_bytes(data)
    assert len(_read(path)[0]) == 3 * 44100


def test_what_lies_behind_and_cannot_be_read_is_named(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.flac"
    first = _write(path, tone(2.0, 22050), 22050)
    second = bytearray(_write(path, tone(2.0, 22050), 22050))
    second[len(second) // 2 : len(second) // 2 + 300] = bytes(300)
    path.write_bytes(first + second)
    with pytest.raises(AudioError, match=r"a\.flac") as caught:
        _read(path)
    assert caught.value.reason == "damaged"


def test_a_later_recording_that_cannot_be_opened_is_counted(
    tmp_path: Path, tone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mp3"
    parts = [_write(path, tone(1.0, rate), rate) for rate in (44100, 22050, 44100)]
    path.write_bytes(b"".join(parts))
    with open_audio(path) as stream:
        third = stream._links[2]  # type: ignore[attr-defined]
    real = linked._open

    def refuse(path: Path, file: int, link: Any) -> Any:
        if link == third:
            raise AudioError("no")
        return real(path, file, link)

    monkeypatch.setattr(linked, "_open", refuse)
    with pytest.raises(AudioError, match=r"what lies behind recording 2 in it cannot be read"):
        _read(path)


def test_stereo_does_not_become_six_channels_in_silence(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.wav"
    first = _write(path, tone(1.0, channels=2), 22050)
    path.write_bytes(first + _write(path, tone(1.0, channels=6), 22050))
    with pytest.raises(AudioError, match="of 2 and 6 channels") as caught:
        _read(path)
    assert caught.value.reason == "unsupported"


@pytest.mark.parametrize("before", [bytes(5000), b"\0junk that is no frame" * 40])
def test_an_mp3_after_zeros_or_other_bytes(tmp_path: Path, tone: Any, before: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(before + _write(path, tone(2.0, 44100), 44100))
    sound, warnings = _read(path)
    assert len(sound) == pytest.approx(2 * 44100, abs=2304)
    assert any(f"{len(before)} bytes before" in line for line in warnings)


def test_bytes_between_mp3_frames_are_named(tmp_path: Path, tone: Any) -> None:
    path = tmp_path / "a.mp3"
    data = _write(path, tone(2.0, 44100), 44100)
    position = 0
    while position < len(data) // 2:
        frame = frame_of(data[position : position + 4])
        assert frame is not None
        position += frame.length
    path.write_bytes(data[:position] + bytes(700) + data[position:])
    assert any("700 bytes after" in line for line in _read(path)[1])


def test_a_chained_ogg_flac_and_its_tail(tmp_path: Path, tone: Any) -> None:
    av: Any = pytest.importorskip("av")
    path = tmp_path / "a.ogg"

    def ogg_flac(hertz: float) -> bytes:
        with av.open(str(path), "w", format="ogg") as box:
            track = box.add_stream("flac", rate=44100, layout="mono")
            wave = (tone(2.0, 44100, hertz=hertz) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave.T, format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 44100, Fraction(1, 44100), 0
            box.mux(track.encode(frame))
            box.mux(track.encode(None))
        return path.read_bytes()

    first, second = ogg_flac(440), ogg_flac(660)
    path.write_bytes(first + second)
    sound, _ = _read(path)
    assert len(sound) == 4 * 44100
    assert _heard(sound, 44100, 660) == pytest.approx(2, abs=0.2)
