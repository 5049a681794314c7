"""``styleshift convert`` as it is installed: what a person types, sees and finds on the disk."""

from __future__ import annotations

import fcntl
import html
import json
import os
import shutil
from pathlib import Path
from types import ModuleType

import mutagen.flac
import numpy as np
import pytest
import soundfile
from convert_command import RATE, files, run, song
from installed import events
from packages import write_package

from styleshift.cli.convert import _shard
from styleshift.cli.options import key_values
from styleshift.errors import UsageError


def test_a_library_becomes_the_same_tree(model: Path, tmp_path: Path) -> None:
    names = ["a.wav", "b [/red].flac", "deep/er/c.ogg", "音.wav", "-dash.wav", "line\nbreak.wav"]
    for number, name in enumerate(names):
        song(tmp_path / "library" / name, seed=number)
    (tmp_path / "library" / "cover.jpg").write_bytes(b"jpg")
    done = run(tmp_path, "./library", "--to", "classical")
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "library-classical") == sorted(names)
    assert "6 converted" in done.stdout
    assert "library-classical/report.html" in done.stderr
    for name in names:
        before = soundfile.read(tmp_path / "library" / name)[0]
        after = soundfile.read(tmp_path / "library-classical" / name)[0]
        assert len(after) == len(before)
        if not name.endswith("ogg"):
            np.testing.assert_allclose(after, before, atol=1e-4)
    report = [json.loads(line) for line in (tmp_path / "library-classical" / "report.jsonl").open()]
    assert [line["status"] for line in report] == ["done"] * 6 + ["skipped"]
    again = run(tmp_path, "./library", "--to", "classical", "--json", "-q")
    assert again.returncode == 0
    assert again.stderr == ""
    summary = events(again)[-1]
    assert (summary["event"], summary["done"], summary["unchanged"]) == ("converted", 0, 6)
    # What the first run found is not lost, and what the second did is told apart.
    assert summary["music_seconds"] == 0
    assert summary["music_seconds_there"] == pytest.approx(sum(line["seconds"] for line in report[:6]))
    later = [json.loads(line) for line in (tmp_path / "library-classical" / "report.jsonl").open()]
    assert [line["status"] for line in later] == ["unchanged"] * 6 + ["skipped"]
    for line in (*report, *later):
        line.pop("status")
    assert later == report
    page = (tmp_path / "library-classical" / "report.html").read_text()
    assert "this run had none to convert" in page


def test_of_one_recording_it_is_said_what_is_not_as_in_its_source(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "a.flac")
    tags = mutagen.flac.FLAC(tmp_path / "a.flac")
    tags["replaygain_track_gain"] = "-3.00 dB"
    tags.save()
    done = run(tmp_path, "a.flac", "--to", "classical")
    assert done.returncode == 0, done.stderr
    (told,) = [line for line in done.stderr.splitlines() if "not as in the source" in line]
    assert "replaygain_track_gain" in told
    song(tmp_path / "b.flac")
    assert "not as in the source" not in run(tmp_path, "b.flac", "--to", "classical").stderr
    planned = run(tmp_path, "b.flac", "--to", "classical", "--overwrite", "always", "--dry-run")
    assert "1 file: 1 to convert" in planned.stdout


def test_the_report_tells_what_is_there_from_what_this_run_did(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav", 40 * RATE)
    assert run(tmp_path, "library", "--to", "classical").returncode == 0
    song(tmp_path / "library" / "b.wav", 50 * RATE)
    os.utime(tmp_path / "library" / "a.wav")  # looked at again, and found to be the same
    done = run(tmp_path, "library", "--to", "classical")
    assert "1 converted, 1 up to date" in done.stdout
    page = (tmp_path / "library-classical" / "report.html").read_text()
    assert "90 seconds of audio are converted, 50 seconds of them in this run" in page


def test_damaged_files_end_with_what_can_be_done_for_them(model: Path, tmp_path: Path) -> None:
    whole = song(tmp_path / "library" / "cut.wav", 3 * RATE).read_bytes()
    (tmp_path / "library" / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "library" / "no.wav").write_bytes(b"no music")
    done = run(tmp_path, "library", "--to", "classical")
    assert done.returncode == 3
    assert "1 damaged (cut.wav): fetch the file again, or --salvage converts what can be read" in done.stderr
    page = (tmp_path / "library-classical" / "report.html").read_text()
    report = [json.loads(line) for line in (tmp_path / "library-classical" / "report.jsonl").open()]
    assert "--salvage converts what can be read" in page
    hints = [line["hint"] for line in report]
    assert hints[0]
    assert html.escape(hints[0]) in page
    salvaged = run(tmp_path, "library", "--to", "classical", "--salvage")
    assert "1 converted" in salvaged.stdout
    assert "--salvage" not in salvaged.stderr


def test_one_recording(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "song.wav", channels=2)
    done = run(tmp_path, "song.wav", "--to", "classical")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("song-classical.wav")
    assert soundfile.info(tmp_path / "song-classical.wav").channels == 2
    done = run(tmp_path, "song.wav", "--to", "classical", "-o", "other.flac", "--json")
    assert events(done)[0]["status"] == "done"
    assert soundfile.info(tmp_path / "other.flac").format == "FLAC"
    done = run(tmp_path, "song.wav", "--to", "classical", "-o", "other.flac")
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert run(tmp_path, "song.wav", "--to", "classical", "--overwrite", "never").returncode == 0


def test_one_recording_replaces_nothing_that_is_not_ours(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "one.wav")
    mine = song(tmp_path / "one-classical.wav", seed=1).read_bytes()
    done = run(tmp_path, "one.wav", "--to", "classical")
    assert done.returncode == 2
    assert "one-classical.wav exists already" in done.stderr
    assert "--overwrite always" in done.stderr
    assert (tmp_path / "one-classical.wav").read_bytes() == mine
    assert not (tmp_path / ".styleshift").exists()
    assert run(tmp_path, "one.wav", "--to", "classical", "--overwrite", "always").returncode == 0
    assert (tmp_path / "one-classical.wav").read_bytes() != mine


def test_one_recording_of_a_library_is_made_again_there(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav")
    assert run(tmp_path, "library", "--to", "classical").returncode == 0
    words = ("library/a.wav", "--to", "classical", "-o", "library-classical/a.wav")
    done = run(tmp_path, *words)
    assert (done.returncode, "exists already" in done.stdout) == (0, True)
    song(tmp_path / "library" / "a.wav", seed=1)
    done = run(tmp_path, *words, "--json")
    assert events(done)[0]["status"] == "done"
    summary = events(run(tmp_path, "library", "--to", "classical", "--json"))[-1]
    assert summary["unchanged"] == 1


def test_a_broken_plugin_is_told_of_once(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = write_package(tmp_path / "plugin", "styleshift-broken", "import no_such_module")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    song(tmp_path / "song.wav")
    done = run(tmp_path, "song.wav", "--to", "classical", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("plugin styleshift-broken") == 1


def test_a_dry_run_writes_nothing(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav", RATE * 90)
    (tmp_path / "library" / "b.wav").write_bytes(b"nothing")
    done = run(tmp_path, "library", "--to", "classical", "--dry-run", "--json")
    assert done.returncode == 0
    *planned, summary = events(done)
    assert [(event["name"], event["fate"]) for event in planned] == [("a.wav", "convert"), ("b.wav", "fail")]
    assert (summary["files"], summary["convert"], summary["fail"]) == (2, 1, 1)
    assert summary["hours"] == pytest.approx(90 / 3600)
    assert 0 < summary["minutes_of_work"] < 5
    assert "ONNX Runtime" in summary["runtime"]
    assert not (tmp_path / "library-classical").exists()


def test_a_dry_run_knows_what_is_done_in_the_way_or_cut(model: Path, tmp_path: Path) -> None:
    library, output = tmp_path / "library", tmp_path / "library-classical"
    song(library / "a.wav", RATE * 20)
    song(library / "done.wav", 4000)
    assert run(tmp_path, "library", "--to", "classical", "--include", "done.wav").returncode == 0
    mine = song(output / "mine.wav").read_bytes()
    song(library / "mine.wav")
    whole = song(library / "cut.wav", RATE).read_bytes()
    (library / "cut.wav").write_bytes(whole[: len(whole) // 2])
    shutil.copy(output / "done.wav", library / "own.wav")
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    done = run(tmp_path, "library", "--to", "classical", "--dry-run", "--json")
    *planned, summary = events(done)
    assert {event["name"]: event["fate"] for event in planned} == {
        "a.wav": "convert",
        "cut.wav": "fail",
        "done.wav": "up to date",
        "mine.wav": "fail",
        "own.wav": "left out",
    }
    assert summary["hours"] == pytest.approx(20 / 3600)
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == before
    plain = run(tmp_path, "library", "--to", "classical", "--dry-run")
    assert "damage inside a file only shows when it is converted" in plain.stderr
    said = plain.stdout
    assert "1 to convert, 20 seconds of audio; 1 up to date, 1 left out, 2 will fail" in said
    assert "in the way" in said
    assert "what will fail" in said
    assert "1 damaged (cut.wav): fetch the file again, or --salvage converts what can be read" in plain.stderr
    # And that is what happens.
    real = run(tmp_path, "library", "--to", "classical", "--json")
    assert real.returncode == 3
    *lines, summary = events(real)
    assert {line["name"]: line["status"] for line in lines} == {
        "a.wav": "done",
        "cut.wav": "failed",
        "done.wav": "unchanged",
        "mine.wav": "failed",
        "own.wav": "left out",
    }
    whys = [
        {each["name"]: (each["reason"], each["message"], each["hint"]) for each in found}
        for found in (
            [event for event in planned if event["fate"] == "fail"],
            [line for line in lines if line["status"] == "failed"],
        )
    ]
    assert whys[0] == whys[1]
    assert summary["left_out"] == 1
    assert (output / "mine.wav").read_bytes() == mine
    again = run(tmp_path, "library", "--to", "classical", "--include-own", "--include", "own.wav", "--json")
    assert events(again)[0]["status"] == "done"


def test_a_dry_run_of_one_recording(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "one.wav", RATE * 3)
    done = run(tmp_path, "one.wav", "--to", "classical", "--dry-run")
    assert done.returncode == 0
    assert "1 to convert, 3.0 seconds of audio" in done.stdout
    assert "0.0 minutes" not in done.stdout
    assert files(tmp_path) == ["one.wav", "styleshift-workspace/models/m.onnx"]
    # One that styleshift made is converted when it is asked for by its name.
    assert run(tmp_path, "one.wav", "--to", "classical").returncode == 0
    done = run(tmp_path, "one-classical.wav", "--to", "classical", "--json")
    assert events(done)[0]["status"] == "done"


def test_some_failed_is_three_and_the_rest_is_done(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav")
    (tmp_path / "library" / "b.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    done = run(tmp_path, "library", "--to", "classical")
    assert done.returncode == 3
    assert "b.wav" in done.stdout
    assert files(tmp_path / "library-classical") == ["a.wav"]
    report = [json.loads(line) for line in (tmp_path / "library-classical" / "report.jsonl").open()]
    assert [(line["name"], line["status"]) for line in report] == [("a.wav", "done"), ("b.wav", "failed")]
    assert report[1]["reason"]
    single = run(tmp_path, "library/b.wav", "--to", "classical")
    assert single.returncode == 3
    by_which_model, error, hint = single.stderr.splitlines()
    assert "by the model" in by_which_model
    assert error.startswith("error: b.wav: cannot be read as a recording")
    assert hint.startswith("  try: play it elsewhere")
    assert files(tmp_path / "library") == ["a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["library"], 2, "--to"),
        (["library", "--to", "jazz"], 10, "country to classical"),
        (["library", "--to", "classical", "--from", "jazz"], 10, "jazz"),
        (["absent", "--to", "classical"], 10, "absent"),
        (["empty", "--to", "classical"], 10, "no recording"),
        (["library", "--to", "classical", "-o", "library/out"], 2, "inside"),
        (["library", "--to", "classical", "-o", "."], 2, "contains"),
        (["library", "--to", "classical", "--vocoder", "vocos"], 2, "griffin-lim"),
        (["library", "--to", "classical", "--vocoder-option", "rounds=3"], 2, "iterations"),
        (["library", "--to", "classical", "--runtime", "tensorflow"], 2, "onnxruntime"),
        (["library", "--to", "classical", "--device", "tpu"], 2, "cuda"),
        (["library", "--to", "classical", "--format", "midi"], 2, "flac"),
        (["library", "--to", "classical", "--shard", "3/2"], 2, "shard"),
        (["library", "--model", "absent.onnx"], 10, "absent.onnx"),
        (["library", "--to", "Clasical"], 10, "did you mean --to classical?"),
        (["library", "--to", "clasical", "--from", "Country"], 10, "--to classical --from country?"),
        (["library", "--model", "broken.onnx"], 2, "ONNX"),
        (["library", "--to", "jazz", "--model", "styleshift-workspace/models/m.onnx"], 2, "classical"),
        (["library", "--to", "classical", "--include", "*.ogg"], 10, "none of the 1"),
    ],
)
def test_mistakes_are_told_in_two_lines(
    model: Path, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    song(tmp_path / "library" / "a.wav")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.onnx").write_bytes(b"pickle")
    done = run(tmp_path, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert len(lines) <= 2
    assert files(tmp_path / "library") == ["a.wav"]


def test_a_pattern_that_matches_nothing_is_warned_of(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "old disk" / "a.wav")
    for pattern, warnings in (("nonsense*", 1), ("*/old disk/*", 1), ("*.mp3", 1), ("*/a.wav", 0)):
        done = run(
            tmp_path, "library", "--to", "classical", "--include=*.wav", f"--include={pattern}", "--dry-run"
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("warning: no recording matches --") == warnings


@pytest.mark.parametrize("more", [[], ["--model", "styleshift-workspace/models/m.onnx"]])
def test_capitals_of_a_style_do_not_matter(model: Path, tmp_path: Path, more: list[str]) -> None:
    song(tmp_path / "library" / "a.wav")
    done = run(tmp_path, "library", "--to", "Classical", "--from", "COUNTRY", "--dry-run", *more)
    assert done.returncode == 0, done.stderr
    assert "library-classical" in done.stdout


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_shards_are_checked(text: str) -> None:
    with pytest.raises(UsageError, match="shard"):
        _shard(text)
    assert _shard("2/4") == (2, 4)
    assert _shard(None) is None


def test_options_are_words_with_an_equals_sign() -> None:
    assert key_values(["iterations=3", "path=a=b"], "--vocoder-option") == {"iterations": "3", "path": "a=b"}
    with pytest.raises(UsageError, match="iterations"):
        key_values(["iterations"], "--vocoder-option")


def test_several_models_are_listed_with_a_command_that_works(
    model: Path, models: ModuleType, tmp_path: Path
) -> None:
    models.make_model(tmp_path / "styleshift-workspace" / "models" / "n.onnx", source="jazz")
    song(tmp_path / "library" / "a.wav")
    done = run(tmp_path, "library", "--to", "classical")
    assert done.returncode == 10
    commands = [
        line.split("#")[0].split() for line in done.stderr.splitlines() if "styleshift convert" in line
    ]
    assert len(commands) == 2
    assert run(tmp_path, *commands[1][2:]).returncode == 0
    assert run(tmp_path, "library", "--to", "classical", "--from", "jazz").returncode == 0


def test_a_style_may_be_called_as_an_option_is(models: ModuleType, tmp_path: Path) -> None:
    models.make_model(tmp_path / "styleshift-workspace" / "models" / "n.onnx", target="--live")
    song(tmp_path / "library" / "a.wav")
    done = run(tmp_path, "library", "--to", "--live")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "library---live" / "a.wav").is_file()


def test_a_second_run_is_turned_away(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav")
    lock = tmp_path / "library-classical" / ".styleshift" / "lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = run(tmp_path, "library", "--to", "classical")
    assert done.returncode == 11
    assert "another styleshift" in done.stderr
    assert files(tmp_path / "library-classical") == []


def test_shards_make_the_whole(model: Path, tmp_path: Path) -> None:
    for number in range(5):
        song(tmp_path / "library" / f"{number}.wav", seed=number)
    for part in ("1/2", "2/2"):
        assert run(tmp_path, "library", "--to", "classical", "--shard", part).returncode == 0
    assert files(tmp_path / "library-classical") == [f"{number}.wav" for number in range(5)]
    summary = events(run(tmp_path, "library", "--to", "classical", "--json"))[-1]
    assert summary["unchanged"] == 5
