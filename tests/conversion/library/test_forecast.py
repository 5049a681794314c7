"""The dry run and the report say of every file what is kept, changed and lost, and they agree."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from mutagen import id3

from styleshift.audio.formats import output_format
from styleshift.audio.tags import preview
from styleshift.bundle.load import Bundle, load_bundle
from styleshift.conversion.library.forecast import forecast
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.report import report_lines, write_reports
from styleshift.conversion.library.run import convert_plan
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.convert import convert_track
from styleshift.conversion.track.load import load_converter
from styleshift.errors import AudioError
from styleshift.progress import Reporter

frames: Any = id3


@pytest.fixture(scope="module")
def bundle(models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(models.make_model(tmp_path_factory.mktemp("model") / "m.onnx"))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Three recordings: with what only ID3 holds, with 24 bits and a cue sheet's worth of tags, and plain."""
    folder = tmp_path / "l"
    folder.mkdir()
    noise = np.random.default_rng(0).standard_normal(24000) * 0.1
    soundfile.write(folder / "a.mp3", noise, 48000)
    tags: Any = frames.ID3()
    tags.add(frames.TIT2(text=["Title"]))
    tags.add(frames.PRIV(owner="x", data=b"1"))
    tags.add(frames.TXXX(desc="replaygain_track_gain", text=["-3 dB"]))
    tags.save(folder / "a.mp3")
    soundfile.write(folder / "b.wav", noise, 48000, "DOUBLE")
    soundfile.write(folder / "c.flac", noise, 48000)
    return folder


def _settings(**options: Any) -> ConvertSettings:
    return ConvertSettings(**{"vocoder": "source-phase", "device": "cpu", "jobs": 1, **options})


@pytest.mark.parametrize("audio_format", ["same", "flac", "mp3", "m4a"])
def test_the_dry_run_foretells_what_the_report_says(bundle: Bundle, library: Path, audio_format: str) -> None:
    if audio_format == "m4a":
        pytest.importorskip("av")
    settings = _settings(audio_format=audio_format)
    plan = plan_library(library, "x", settings)
    told = {
        track.job.name: (track.kept, track.changed, track.lost)
        for track in forecast(plan, bundle, settings).tracks
    }
    result = convert_plan(plan, bundle, settings)
    lines = {line["name"]: line for line in report_lines(result, str)}
    assert len(lines) == 3
    for name, line in lines.items():
        assert line["status"] == "done"
        assert tuple(tuple(line[key]) for key in ("kept", "changed", "lost")) == told[name], name
    if audio_format == "flac":
        assert told["a.mp3"] == (
            ("title",),
            ("MP3 is written as flac (PCM_16)", "replaygain_track_gain: left out, no longer true"),
            ("PRIV:x:1",),
        )
        assert told["b.wav"][1][-1] == "64 bits a sample become 24"
        report = write_reports(result, bundle, "", Reporter())
        assert report is not None
        assert "PRIV:x:1" in report.with_suffix(".html").read_text()
        assert any("PRIV:x:1" in json.loads(line).get("lost", ()) for line in report.read_text().splitlines())
    if audio_format == "same":
        assert told["a.mp3"][2] == told["b.wav"][2] == told["c.flac"][2] == ()


def test_strict_makes_a_loss_a_failure(bundle: Bundle, library: Path) -> None:
    settings = _settings(audio_format="flac", strict=True)
    plan = plan_library(library, "x", settings)
    fates = {track.job.name: (track.fate, track.reason) for track in forecast(plan, bundle, settings).tracks}
    assert fates == {"a.mp3": ("fail", "loss"), "b.wav": ("fail", "loss"), "c.flac": ("convert", "")}
    result = convert_plan(plan, bundle, settings)
    assert {name: each.reason or each.status for name, each in result.outcomes.items()} == {
        "a.mp3": "loss",
        "b.wav": "loss",
        "c.flac": "done",
    }
    assert "PRIV:x:1" in result.outcomes["a.mp3"].message
    assert sorted(path.name for path in (library.parent / "l-x").glob("*.*") if path.is_file()) == ["c.flac"]


def test_strict_does_not_take_an_earlier_loss_for_up_to_date(bundle: Bundle, library: Path) -> None:
    settings = _settings(audio_format="flac")
    plan = plan_library(library, "x", settings)
    convert_plan(plan, bundle, settings)
    before = {path.name: path.read_bytes() for path in (library.parent / "l-x").glob("*.flac")}
    assert len(before) == 3
    strict = replace(settings, strict=True)
    fates = {track.job.name: track.reason or track.fate for track in forecast(plan, bundle, strict).tracks}
    assert fates == {"a.mp3": "loss", "b.wav": "loss", "c.flac": "up to date"}
    os.utime(library / "a.mp3")  # the hash of what it was made from is no excuse either
    result = convert_plan(plan, bundle, strict)
    assert {name: each.reason or each.status for name, each in result.outcomes.items()} == {
        "a.mp3": "loss",
        "b.wav": "loss",
        "c.flac": "unchanged",
    }
    assert {path.name: path.read_bytes() for path in (library.parent / "l-x").glob("*.flac")} == before


def test_strict_writes_nothing_that_lost_something_where_no_trial_is_possible(
    bundle: Bundle, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    converter, _ = load_converter(bundle, _settings(strict=True), 1)
    target = library.parent / "out" / "a.flac"
    target.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(preview, "Scratch", full)
        with pytest.raises(AudioError, match="PRIV:x:1") as caught:
            convert_track(converter, library / "a.mp3", target, format=output_format("flac"))
        assert caught.value.reason == "loss"
        assert list(target.parent.iterdir()) == []
        settings = _settings(audio_format="flac")
        plan = plan_library(library, "x", settings)
        assert {track.reason for track in forecast(plan, bundle, settings).tracks} == {"cannot write"}
        convert_track(converter, library / "c.flac", target)
    assert [path.name for path in target.parent.iterdir()] == ["a.flac"]


@pytest.mark.parametrize("audio_format", ["same", "mp3"])
def test_the_dry_run_foretells_channels_and_names(bundle: Bundle, library: Path, audio_format: str) -> None:
    noise = np.random.default_rng(1).standard_normal((9600, 6)) * 0.1
    soundfile.write(library / "six.wav", noise, 48000)
    soundfile.write(library / "C.FLAC", noise[:, 0], 48000)
    (library / "wrong.mp3").write_bytes((library / "b.wav").read_bytes())
    settings = _settings(audio_format=audio_format)
    plan = plan_library(library, "x", settings)
    told = {track.job.name: track for track in forecast(plan, bundle, settings).tracks}
    result = convert_plan(plan, bundle, settings)
    for line in report_lines(result, str):
        track = told[line["name"]]
        assert track.fate == ("fail" if line["status"] == "failed" else "convert"), track
        assert track.message == line.get("message", "")
        assert track.changed == tuple(line.get("changed", ()))
    if audio_format == "mp3":
        assert told["six.wav"].message == "mp3 does not take 6 channels at 48000 Hz"
        assert told["six.wav"].hint == "another `audio_format`, such as flac"
    else:
        assert result.count("failed") == 0
        assert told["wrong.mp3"].changed == ("name: .wav instead of .mp3",)
        assert told["c.flac"].changed == ("name: .2 added, as another differs in case only",)
        unlike = {each.name for each in result.unlike}
        assert {"wrong.mp3", "c.flac"} <= unlike
        assert "C.FLAC" not in unlike


def test_one_recording_has_the_name_that_was_asked_for(bundle: Bundle, library: Path) -> None:
    settings = _settings(output=library.parent / "other.flac")
    plan = plan_library(library / "c.flac", "x", settings)
    assert forecast(plan, bundle, settings).tracks[0].changed == ()
    assert convert_plan(plan, bundle, settings).outcomes["c.flac"].result["changed"] == []


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (ZeroDivisionError("by zero"), "bug", "ZeroDivisionError: by zero"),
        (MemoryError(), "memory", "not enough memory"),
    ],
)
def test_one_file_never_ends_a_dry_run(
    bundle: Bundle,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
    message: str,
) -> None:
    carried = preview.TagPreview.carried

    def fail(self: preview.TagPreview, source: Path, *rest: Any, **options: Any) -> Any:
        if source.name == "a.mp3":
            raise error
        return carried(self, source, *rest, **options)

    monkeypatch.setattr(preview.TagPreview, "carried", fail)
    settings = _settings(audio_format="flac")
    tracks = forecast(plan_library(library, "x", settings), bundle, settings).tracks
    assert [track.fate for track in tracks] == ["fail", "convert", "convert"]
    assert (tracks[0].reason, tracks[0].message) == (reason, message)
