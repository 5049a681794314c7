"""The files that people reported, each with the result that is right for it: kept, or named.

Of styleshift.conversion.track.convert.
"""

from __future__ import annotations

import csv
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from audio_files import values_of
from mutagen.flac import FLAC
from mutagen.id3 import ID3

from styleshift.audio.formats import output_format
from styleshift.audio.read import open_audio
from styleshift.audio.tags.compare import kept
from styleshift.audio.tags.read import read_tags
from styleshift.bundle.load import load_bundle
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.convert import TrackResult, convert_track
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.load import load_converter

MARK = "converted with styleshift"


@pytest.fixture(scope="module")
def converter(models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> TrackConverter:
    path = models.make_model(tmp_path_factory.mktemp("model") / "m.onnx")
    return load_converter(load_bundle(path), ConvertSettings(vocoder="source-phase"), 1)[0]


@pytest.fixture
def reported(shared_data: Path) -> Path:
    return shared_data / "bad" / "reported"


class Outputs:
    """Converts a reported file into a format, and reads what came of it."""

    def __init__(self, converter: TrackConverter, folder: Path, target: Path) -> None:
        self._converter, self._folder, self._target = converter, folder, target

    def __call__(self, name: str, kind: str = "") -> tuple[Path, TrackResult]:
        """``kind``: a format's name; empty: the same."""
        if kind == "m4a":
            pytest.importorskip("av")
        written = output_format(kind) if kind else None
        source = self._folder / name
        target = self._target / f"{source.stem}{written.extension if written else source.suffix}"
        return target, convert_track(self._converter, source, target, format=written, comment=MARK)


@pytest.fixture
def outputs(converter: TrackConverter, reported: Path, tmp_path: Path) -> Outputs:
    return Outputs(converter, reported, tmp_path)


def _seconds(path: Path) -> float:
    with open_audio(path) as stream:
        return sum(len(block) for block in stream.blocks(1 << 16)) / stream.sample_rate


def test_every_reported_file_is_converted_without_a_failure(outputs: Outputs, reported: Path) -> None:
    with (reported / "expect.csv").open() as file:
        names = [row[0] for row in csv.reader(file)][1:]
    assert len(names) > 10
    for name in names:
        target, result = outputs(name)
        assert np.isfinite(result.peak_after), name
        assert _seconds(target) == pytest.approx(result.seconds, abs=0.1), name


@pytest.mark.parametrize("name", ["chain.ogg", "chain.opus", "cat_xing.mp3"])
def test_what_lies_behind_the_first_recording_is_converted(outputs: Outputs, name: str) -> None:
    target, result = outputs(name)
    assert result.seconds == pytest.approx(7.0, abs=0.05)
    assert _seconds(target) == pytest.approx(7.0, abs=0.05)
    assert any("one behind the other" in line for line in result.warnings)


def test_a_change_from_mono_to_stereo(outputs: Outputs) -> None:
    target, result = outputs("mono_stereo.mp3")
    assert (result.channels, result.seconds > 8) == (2, True)
    assert _seconds(target) > 8


@pytest.mark.parametrize("kind", ["", "flac", "ogg", "opus", "m4a", "wav", "aiff"])
@pytest.mark.parametrize("name", ["apic_url.mp3", "apic_empty.mp3", "apic_webp.mp3"])
def test_covers_that_cannot_be_kept_are_said(outputs: Outputs, reported: Path, name: str, kind: str) -> None:
    target, result = outputs(name, kind)
    before = [bytes(picture.data) for picture in read_tags(reported / name).pictures]
    after = [bytes(picture.data) for picture in read_tags(target).pictures]
    assert before == after or any("picture" in line for line in result.lost)
    if not kind or (name == "apic_webp.mp3" and kind in ("flac", "ogg", "opus")):
        assert before == after


@pytest.mark.parametrize("kind", ["", "flac", "m4a"])
def test_comments_are_kept_as_they_were(outputs: Outputs, kind: str) -> None:
    target, _ = outputs("comm2.mp3", kind)
    assert sorted(values_of(target, "comment")) == sorted(["deutsch", "english", "desc x", MARK])


@pytest.mark.parametrize("kind", ["", "flac", "ogg", "m4a", "wav"])
def test_apev2_is_read(outputs: Outputs, reported: Path, kind: str) -> None:
    target, result = outputs("apeonly.mp3", kind)
    for name in ("title", "artist", "date"):
        assert values_of(target, name) == values_of(reported / "apeonly.mp3", name) != []
    assert result.lost == ()


@pytest.mark.parametrize("kind", ["", "mp3", "m4a", "ogg"])
def test_all_values_are_kept(outputs: Outputs, kind: str) -> None:
    target, result = outputs("multi.flac", kind)
    assert values_of(target, "artist") == ["A", "B", "C"]
    assert values_of(target, "composer") == ["C1", "C2"]
    assert values_of(target, "performer") == ["P1 (violin)", "P2 (cello)"]
    for name in ("work", "movementname", "conductor", "mood", "rating", "mykey"):
        assert values_of(target, name), name
    assert len(read_tags(target).pictures) == 2
    assert result.lost == ()


def test_cue_sheets_stay_in_flac_and_are_named_elsewhere(outputs: Outputs, reported: Path) -> None:
    target, result = outputs("cue.flac")
    before, after = FLAC(reported / "cue.flac"), FLAC(target)
    assert (after.cuesheet, after["cuesheet"]) == (before.cuesheet, before["cuesheet"])
    assert after.seektable is not None
    assert result.lost == ()
    assert "cue sheet" in outputs("cue.flac", "mp3")[1].lost


@pytest.mark.parametrize("name", ["v23.mp3", "rich.mp3"])
def test_every_frame_stays_in_its_version(outputs: Outputs, reported: Path, name: str) -> None:
    target, result = outputs(name)
    before, after = ID3(reported / name, translate=False), ID3(target, translate=False)
    assert after.version == before.version
    assert list(after)[: len(before)] == list(before)
    assert all(after[key] == frame for key, frame in before.items())
    assert result.lost == ()
    elsewhere, tags = outputs(name, "flac")[1], read_tags(reported / name)
    assert {*elsewhere.kept, *elsewhere.lost} >= set(kept(tags, tags))


def test_mp3_in_wav_is_decoded_and_said(outputs: Outputs) -> None:
    target, result = outputs("mp3in.wav")
    assert result.seconds == pytest.approx(3.0, abs=0.1)
    assert any("MP3 is written as wav" in line for line in result.warnings)
    assert target.read_bytes()[:4] == b"RIFF"


def _chunks(path: Path) -> dict[bytes, bytes]:
    data, position, found = path.read_bytes(), 12, {}
    while position + 8 <= len(data):
        length = struct.unpack_from("<I", data, position + 4)[0]
        found[data[position : position + 4]] = data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    return found


def test_chunks_stay_in_wav_and_texts_go_to_tags(outputs: Outputs, reported: Path) -> None:
    target, result = outputs("chunks.wav")
    before, after = _chunks(reported / "chunks.wav"), _chunks(target)
    for name in (b"bext", b"iXML", b"cue ", b"smpl", b"LIST"):
        assert after[name] == before[name], name
    assert result.lost == ()
    target, result = outputs("chunks.wav", "flac")
    assert values_of(target, "date") != []
    assert values_of(target, "tracknumber") != []
    assert {"bext", "iXML", "cue", "smpl"} <= set(result.lost)


def test_the_mask_stays(outputs: Outputs, reported: Path) -> None:
    target, _ = outputs("mask_3.1.wav")
    masks = [_chunks(path)[b"fmt "][20:24] for path in (reported / "mask_3.1.wav", target)]
    assert masks[0] == masks[1] == struct.pack("<I", 0x0F)


def test_a_cover_alone_is_kept(outputs: Outputs, reported: Path) -> None:
    for kind in ("", "mp3", "ogg", "m4a"):
        target, _ = outputs("pic_only.flac", kind)
        assert len(read_tags(target).pictures) == len(read_tags(reported / "pic_only.flac").pictures) > 0


def test_silent_channels_do_not_become_nan(outputs: Outputs) -> None:
    target, result = outputs("silent_channels.opus")
    assert result.channels == 8
    opened: Any = mutagen.File(target)
    assert opened.info.channels == 8


def test_an_output_that_its_format_makes_longer_is_named(
    converter: TrackConverter, tmp_path: Path, tone: Any
) -> None:
    soundfile.write(tmp_path / "a.voc", tone(1.0, 16000)[:8001], 16000, "ULAW")
    result = convert_track(converter, tmp_path / "a.voc", tmp_path / "b.voc")
    (said,) = result.warnings
    assert said == "1 sample longer than the source: VOC with ULAW does not keep lengths to the sample"
    assert said in result.changed
