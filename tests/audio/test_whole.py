"""One judge of completeness: what was cut is refused or, where that is asked for, given with a word.

Of styleshift.audio.read.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from audio_files import BY_FFMPEG, BY_SNDFILE, write

from styleshift.audio.containers.extent import Extent
from styleshift.audio.containers.ogg import ogg_extent, page_at
from styleshift.audio.identify import extent_of
from styleshift.audio.read import open_audio
from styleshift.audio.things import ThingKind
from styleshift.errors import AudioError

KINDS = [*BY_SNDFILE, *BY_FFMPEG]


def _noise(seconds: float, rate: int = 48000) -> Any:
    return (np.random.default_rng(1).standard_normal((round(seconds * rate), 1)) * 0.1).astype(np.float32)


def _make(path: Path, seconds: float = 5.0, tracks: int = 1) -> Path:
    return write(path, _noise(seconds), tracks=tracks)


def _seconds(path: Path, **options: Any) -> tuple[float, list[str]]:
    with open_audio(path, **options) as stream:
        return sum(len(block) for block in stream.blocks(10_000)) / stream.sample_rate, stream.warnings


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_whole(tmp_path: Path, kind: str) -> None:
    path = _make(tmp_path / f"a.{kind}")
    with open_audio(path) as stream:
        stream.check_promise()
    seconds, warnings = _seconds(path)
    assert seconds == pytest.approx(5, abs=0.1)
    assert warnings == []


@pytest.mark.parametrize("kind", KINDS)
def test_short_files_are_not_called_cut(tmp_path: Path, kind: str) -> None:
    assert _seconds(_make(tmp_path / f"a.{kind}", 0.3))[1] == []


@pytest.mark.parametrize("share", [0.5, 0.985])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_cut_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    path = _make(tmp_path / f"a.{kind}", 12.0)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AudioError) as caught:
        _seconds(path)
    assert caught.value.reason in ("damaged", "unreadable")  # an MP4 without its index is none
    if caught.value.reason == "damaged" and kind not in ("flac", "oga"):
        seconds, warnings = _seconds(path, allow_cut=True)
        assert 0.8 * share * 12 < seconds < 12
        assert any(line.startswith("cut short: ") for line in warnings)


@pytest.mark.parametrize("kind", ["wav", "aiff", "ogg", "opus", "au", "w64", "mka", "mp3", "flac"])
def test_the_header_alone_tells_what_was_cut(tmp_path: Path, kind: str) -> None:
    path = _make(tmp_path / f"a.{kind}")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_audio(path) as stream, pytest.raises(AudioError, match="cut short"):
        stream.check_promise()


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_page_that_was_changed_or_lost_is_damage(tmp_path: Path, kind: str) -> None:
    data = _make(tmp_path / f"a.{kind}", 6.0).read_bytes()
    middle = data.index(b"OggS", len(data) // 2)
    changed = tmp_path / f"changed.{kind}"
    changed.write_bytes(data[: middle + 200] + bytes([data[middle + 200] ^ 1]) + data[middle + 201 :])
    with pytest.raises(AudioError, match="checksum"):
        _seconds(changed)
    lost = tmp_path / f"lost.{kind}"
    lost.write_bytes(data[:middle] + data[data.index(b"OggS", middle + 4) :])
    with pytest.raises(AudioError, match="pages lack"):
        _seconds(lost)


def test_a_second_track_is_named(tmp_path: Path) -> None:
    pytest.importorskip("av")
    for tracks, name in ((2, "1 more audio track"), (3, "2 more audio tracks")):
        with open_audio(_make(tmp_path / f"{tracks}.mka", 1.0, tracks=tracks)) as stream:
            assert stream.extras == [name]
            assert stream.extras[0].what is ThingKind.TRACKS
            assert stream.extras[0].kind == "more audio tracks"


def test_a_second_chunk_of_sound_is_named(tmp_path: Path) -> None:
    path = _make(tmp_path / "a.wav")
    whole = path.read_bytes()
    at = whole.index(b"data")
    twice = whole + whole[at:]
    path.write_bytes(twice[:4] + (len(twice) - 8).to_bytes(4, "little") + twice[8:])
    with open_audio(path) as stream:
        assert stream.extras == ["1 more chunk of sound"]
        assert stream.extras[0].what is ThingKind.TRACKS
        assert stream.extras[0].kind == "more chunks of sound"


def test_mp4_with_metadata_that_is_not_utf8(tmp_path: Path) -> None:
    av: Any = pytest.importorskip("av")
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="ipod") as box:
        box.metadata["title"] = "Chanson XX"
        track = box.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(_noise(0.5).T.copy(), format="flt", layout="mono")
        frame.sample_rate = 48000
        box.mux(track.encode(frame))
        box.mux(track.encode(None))
    path.write_bytes(path.read_bytes().replace(b"Chanson XX", b"Chanson \xe9\xff"))
    assert _seconds(path)[0] == pytest.approx(0.5, abs=0.1)


def test_the_checksum_is_that_of_an_independent_writer(tmp_path: Path) -> None:
    """libogg wrote the pages; ours must find them all whole."""
    import os

    from styleshift.audio.containers.extent import Bytes

    path = _make(tmp_path / "a.ogg", 3.0)
    with path.open("rb") as file:
        view = Bytes(file.fileno())
        assert page_at(view, 0) is not None
        extent = ogg_extent(view)
        assert (extent.damage, extent.cut, len(extent.links)) == ("", "", 1)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0


_TAGGED = ["aac", "flac", "mp3", "m4a", "mka", "wma", "tta", "wv", "ac3", "au", "ogg", "wav"]


@pytest.mark.parametrize("kind", _TAGGED)
def test_an_id3_tag_may_come_before_the_sound(tmp_path: Path, kind: str) -> None:
    from mutagen import id3

    from styleshift.audio.tags.read import read_tags

    path = _make(tmp_path / f"a.{kind}", 1.0)
    tags: Any = id3.ID3()  # type: ignore[attr-defined, no-untyped-call, unused-ignore]
    tags.add(id3.TIT2(text=["Title"]))  # type: ignore[attr-defined, unused-ignore]
    tags.save(tmp_path / "tag")
    path.write_bytes((tmp_path / "tag").read_bytes() + path.read_bytes())
    assert _seconds(path)[0] == pytest.approx(1, abs=0.1)
    assert read_tags(path).fields["title"] == ["Title"]


def test_tags_before_and_behind_a_flac(tmp_path: Path) -> None:
    path = _make(tmp_path / "a.flac", 1.0)
    path.write_bytes(path.read_bytes() + b"TAG" + b"Old title".ljust(125, b"\0"))
    assert _seconds(path) == (1.0, [])


@pytest.mark.parametrize("kind", ["mp3", "ogg", "wav", "m4a"])
def test_what_lies_behind_the_sound_is_named(tmp_path: Path, kind: str) -> None:
    path = _make(tmp_path / f"a.{kind}", 1.0)
    path.write_bytes(path.read_bytes() + b"no sound, but more than a tag's rest. " * 200)
    seconds, warnings = _seconds(path)
    assert seconds == pytest.approx(1, abs=0.1)
    assert any("bytes behind its sound" in line for line in warnings)


def test_zeros_behind_a_flac_are_no_damage(tmp_path: Path) -> None:
    path = _make(tmp_path / "a.flac")
    path.write_bytes(path.read_bytes() + bytes(6000))
    assert _seconds(path) == (5.0, [])


def test_a_flac_whose_checksum_ends_in_a_zero_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    for seed in range(5000):
        noise = np.random.default_rng(seed).standard_normal(600) * 0.1
        soundfile.write(path, noise, 8000)
        if (content := path.read_bytes()).endswith(b"\0"):
            break
    assert content.endswith(b"\0")
    assert _seconds(path) == (0.075, [])
    path.write_bytes(content + bytes(6000))
    assert _seconds(path) == (0.075, [])


def test_the_header_alone_tells_that_there_is_no_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 8000)
    with open_audio(tmp_path / "a.wav") as stream, pytest.raises(AudioError, match="no sound"):
        stream.check_promise()


def test_a_flac_that_promises_more_than_its_bytes_can_hold(tmp_path: Path) -> None:
    path = _make(tmp_path / "a.flac", 1.0)
    data = bytearray(path.read_bytes())
    data[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    with open_audio(path) as stream, pytest.raises(AudioError, match="more than its bytes can hold"):
        stream.check_promise()


def _extent(path: Path, content: bytes) -> Extent:
    path.write_bytes(content)
    with path.open("rb") as file:
        return extent_of(file.fileno())


def test_a_box_of_an_unknown_name_does_not_hide_that_the_sound_is_cut(tmp_path: Path) -> None:
    boxes = struct.pack(">I8s", 12, b"ftypM4A ") + struct.pack(">I4s8x", 16, b"abcd")
    found = _extent(tmp_path / "a.m4a", boxes + struct.pack(">I4s100x", 1000, b"mdat"))
    assert found.cut
    assert not found.notes


def test_a_word_in_the_tag_of_an_ape_is_no_second_recording(tmp_path: Path) -> None:
    ape = struct.pack("<4sHHIIIIIII", b"MAC ", 3990, 0, 52, 24, 4, 0, 100, 0, 0).ljust(180, b"\0")
    tag = b"APETAGEX" + bytes(24) + b"Artist\0MAC 10"
    assert _extent(tmp_path / "a.ape", ape + tag).links == ()
    assert len(_extent(tmp_path / "a.ape", ape + tag + ape).links) == 2
