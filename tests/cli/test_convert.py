"""``styleshift convert`` as it is installed: what a person types, sees and finds on the disk."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.read import open_audio

STYLESHIFT = Path(sys.executable).with_name("styleshift")
RATE = 16000


@pytest.fixture
def model(models: ModuleType, tmp_path: Path) -> Path:
    """In the workspace of ``tmp_path``, where the command runs: changes nothing."""
    made: Path = models.make_model(tmp_path / "styleshift-workspace" / "models" / "m.onnx")
    return made


def run(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STYLESHIFT), "convert", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=300,
    )


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def song(path: Path, frames: int = 8000, channels: int = 1, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.1 * np.random.default_rng(seed).standard_normal((frames, channels))
    soundfile.write(path, samples, RATE)
    return path


def files(folder: Path) -> list[str]:
    """Everything below, but what the command keeps for itself."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != ".styleshift" and path.stem.split("-")[0] != "report"
    )


def test_a_library_becomes_the_same_tree(model: Path, tmp_path: Path) -> None:
    names = ["a.wav", "b [/red].flac", "deep/er/c.ogg", "音.wav", "-dash.wav", "line\nbreak.wav"]
    for number, name in enumerate(names):
        song(tmp_path / "library" / name, seed=number)
    (tmp_path / "library" / "cover.jpg").write_bytes(b"jpg")
    done = run(tmp_path, "./library", "--to", "classical")
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "library-classical") == sorted(names)
    assert "6 converted" in done.stdout
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
    assert "is there already" in done.stderr
    assert run(tmp_path, "song.wav", "--to", "classical", "--overwrite", "never").returncode == 0


def test_one_recording_replaces_nothing_that_is_not_ours(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "one.wav")
    mine = song(tmp_path / "one-classical.wav", seed=1).read_bytes()
    done = run(tmp_path, "one.wav", "--to", "classical")
    assert done.returncode == 2
    assert "one-classical.wav is there already" in done.stderr
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
    assert (done.returncode, "is there already" in done.stdout) == (0, True)
    song(tmp_path / "library" / "a.wav", seed=1)
    done = run(tmp_path, *words, "--json")
    assert events(done)[0]["status"] == "done"
    summary = events(run(tmp_path, "library", "--to", "classical", "--json"))[-1]
    assert summary["unchanged"] == 1


def test_a_broken_plugin_is_told_of_once(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "plugin" / "styleshift_broken-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: styleshift-broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[styleshift]\nbroken = no_such_module\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugin"))
    song(tmp_path / "song.wav")
    done = run(tmp_path, "song.wav", "--to", "classical", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("styleshift-broken") == 1


def test_a_dry_run_writes_nothing(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav", RATE * 90)
    (tmp_path / "library" / "b.wav").write_bytes(b"nothing")
    done = run(tmp_path, "library", "--to", "classical", "--dry-run", "--json")
    assert done.returncode == 0
    *planned, summary = events(done)
    assert [event["name"] for event in planned] == ["a.wav", "b.wav"]
    assert summary["files"] == 2
    assert summary["unreadable"] == 1
    assert summary["hours"] == pytest.approx(90 / 3600)
    assert 0 < summary["minutes_of_work"] < 5
    assert "ONNX Runtime" in summary["runtime"]
    assert not (tmp_path / "library-classical").exists()


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
    assert single.stderr.count("\n") <= 2
    assert "b.wav" in single.stderr
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
        (["library", "--to", "classical", "-o", "."], 2, "around"),
        (["library", "--to", "classical", "--vocoder", "vocos"], 2, "griffin-lim"),
        (["library", "--to", "classical", "--vocoder-option", "rounds=3"], 2, "iterations"),
        (["library", "--to", "classical", "--runtime", "tensorflow"], 2, "onnxruntime"),
        (["library", "--to", "classical", "--device", "tpu"], 2, "cuda"),
        (["library", "--to", "classical", "--format", "midi"], 2, "flac"),
        (["library", "--to", "classical", "--shard", "3/2"], 2, "shard"),
        (["library", "--model", "absent.onnx"], 2, "absent.onnx"),
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


def test_a_second_run_is_turned_away(model: Path, tmp_path: Path) -> None:
    song(tmp_path / "library" / "a.wav")
    lock = tmp_path / "library-classical" / ".styleshift" / "lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = run(tmp_path, "library", "--to", "classical")
    assert done.returncode == 11
    assert "another run" in done.stderr
    assert files(tmp_path / "library-classical") == []


def test_shards_make_the_whole(model: Path, tmp_path: Path) -> None:
    for number in range(5):
        song(tmp_path / "library" / f"{number}.wav", seed=number)
    for part in ("1/2", "2/2"):
        assert run(tmp_path, "library", "--to", "classical", "--shard", part).returncode == 0
    assert files(tmp_path / "library-classical") == [f"{number}.wav" for number in range(5)]
    summary = events(run(tmp_path, "library", "--to", "classical", "--json"))[-1]
    assert summary["unchanged"] == 5


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(STYLESHIFT), "convert", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("group", [False, True])
def test_signals_end_it_within_seconds_and_it_goes_on(
    model: Path, tmp_path: Path, number: int, code: int, group: bool
) -> None:
    """To the command alone, as a service manager does, or to all its processes, as Ctrl-C does."""
    song(tmp_path / "library" / "a.wav", 1000)
    song(tmp_path / "library" / "long.wav", RATE * 900)
    song(tmp_path / "library" / "b.wav", 1000)
    output = tmp_path / "library-classical"
    words = ("library", "--to", "classical", "-j", "2", "--format", "flac")
    process = start(tmp_path, *words)
    wait_for(lambda: list(output.glob("*.flac")))
    began = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == code, error
    assert time.monotonic() - began < 8
    assert "Traceback" not in error
    assert "goes on where it was" in error
    found = files(output)
    assert "long.flac" not in found
    assert all(name.endswith(".flac") and not name.startswith(".") for name in found)
    (tmp_path / "library" / "long.wav").unlink()
    done = run(tmp_path, *words, "--json")
    assert done.returncode == 0
    assert events(done)[-1]["unchanged"] >= len(found) - 1
    assert files(output) == ["a.flac", "b.flac"]


@pytest.mark.fault
@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(model: Path, tmp_path: Path) -> None:
    """kill -9, fifty times: only whole files are there, and each time in the end the same bytes as without.

    The moments are drawn from the time a whole run takes on this machine: a faster one kills as often.
    """
    for number in range(8):
        song(tmp_path / "library" / f"{number}.wav", RATE * 6 + number, 2, seed=number)
    words = ("library", "--to", "classical", "-j", "2", "--vocoder-option", "iterations=2")
    began = time.monotonic()
    assert run(tmp_path, *words, "-o", "clean").returncode == 0
    whole = time.monotonic() - began
    output, clean = tmp_path / "library-classical", tmp_path / "clean"
    wanted = {name: (clean / name).read_bytes() for name in files(clean)}
    randomly = random.Random(0)
    kills, ends = 0, 0
    while kills < 50 or not ends:
        process = start(tmp_path, *words)
        try:
            _, error = process.communicate(timeout=randomly.uniform(0, whole))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
            for path in output.glob("[0-9]*.wav"):
                assert path.read_bytes() == wanted[path.name]
            continue
        assert process.returncode == 0, error
        assert {name: (output / name).read_bytes() for name in files(output)} == wanted
        ends += 1
        shutil.rmtree(output)


def hostile(folder: Path) -> dict[str, str]:
    """Files that go wrong, and ``done`` or a reason for each."""
    tone = (0.3 * np.sin(np.arange(RATE) / 10)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    good = song(folder / "good.wav").read_bytes()
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("these are words\n" * 100)
    (folder / "header.wav").write_bytes(good[:44])
    (folder / "cut.wav").write_bytes(good[: len(good) // 2])
    rate = bytearray(good)
    rate[24:28] = (4_000_000_000).to_bytes(4, "little")
    (folder / "rate.wav").write_bytes(rate)
    channels = bytearray(good)
    channels[22:24] = (65535).to_bytes(2, "little")
    (folder / "channels.wav").write_bytes(channels)
    for name, value in (("nan", np.nan), ("inf", np.inf), ("huge", 1e30)):
        wrong = tone.copy()
        wrong[5000] = value
        soundfile.write(folder / f"{name}.wav", wrong, RATE, "FLOAT")
    soundfile.write(folder / "silence.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "denormal.wav", np.full(RATE, 1e-40, np.float32), RATE, "FLOAT")
    soundfile.write(folder / "one.wav", tone[:1], RATE)
    soundfile.write(folder / "short.wav", tone[:100], RATE)
    soundfile.write(folder / "six.wav", np.tile(tone[:, None], (1, 6)), RATE)
    soundfile.write(folder / "antiphase.wav", np.stack([tone, -tone], axis=1), RATE)
    soundfile.write(folder / "rot.flac", np.random.default_rng(0).uniform(-0.3, 0.3, RATE * 9), RATE)
    rotten = bytearray((folder / "rot.flac").read_bytes())
    rotten[len(rotten) // 2] ^= 0x55
    (folder / "rot.flac").write_bytes(rotten)
    (folder / "dir.wav").mkdir()
    song(folder / "dir.wav" / "inside.wav")
    os.mkfifo(folder / "pipe.wav")
    (folder / "nowhere.wav").symlink_to("gone.wav")
    (folder / "loop").symlink_to(folder)
    failed = ["empty", "text", "header", "cut", "rate", "channels", "nan", "inf", "huge"]
    done = ["good", "silence", "denormal", "one", "short", "six", "antiphase", "dir.wav/inside"]
    return {
        **{f"{name}.wav": "failed" for name in failed},
        **{f"{name}.wav": "done" for name in done},
        "rot.flac": "failed",
    }


def judge(folder: Path, output: Path, done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What every conversion of hostile files must hold, whatever became of each."""
    assert done.returncode in (0, 3), done.stderr
    assert "Traceback" not in done.stderr
    report = [json.loads(line) for line in (output / "report.jsonl").open()]
    fate = {line["name"]: line["status"] for line in report}
    for line in report:
        if line["status"] == "failed":
            assert line["reason"] not in ("bug", "crashed", "stalled"), line
            assert line["message"]
        if line["status"] == "done":
            with open_audio(Path(line["target"])) as stream:  # which raises where it is not finite
                assert sum(len(block) for block in stream.blocks(65536)) > 0, line
    # What is there is what was reported as done: nothing half-written.
    made = {
        Path(line["target"]).relative_to(output).as_posix() for line in report if line["status"] == "done"
    }
    assert set(files(output)) == made
    return fate


def test_hostile_files_cost_themselves_only(model: Path, tmp_path: Path) -> None:
    wanted = hostile(tmp_path / "bad")
    done = run(tmp_path, "bad", "--to", "classical")
    fate = judge(tmp_path / "bad", tmp_path / "bad-classical", done)
    assert {name: fate[name] for name in wanted} == wanted
    for name in ("silence", "denormal"):
        assert not np.abs(soundfile.read(tmp_path / "bad-classical" / f"{name}.wav")[0]).max() > 1e-20
    for name, length in (("one", 1), ("short", 100)):
        assert soundfile.info(tmp_path / "bad-classical" / f"{name}.wav").frames == length
    assert soundfile.info(tmp_path / "bad-classical" / "six.wav").channels == 6
    assert np.abs(soundfile.read(tmp_path / "bad-classical" / "antiphase.wav")[0]).max() > 0.2


def test_the_collection_of_bad_files(model: Path, tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "bad" / "made"
    done = run(tmp_path, folder, "--to", "classical", "-o", tmp_path / "out")
    fate = judge(folder, tmp_path / "out", done)
    with (folder / "expect.csv").open() as file:
        expected = {row["file"]: row["expect"] for row in csv.DictReader(file)}
    for name, expect in expected.items():
        if name.endswith("/") or name.startswith("."):
            assert fate.get(name.rstrip("/"), "skipped") == "skipped", name
        elif "error" in expect or "refused" in expect or "CRC" in expect:
            assert name in fate, name
        elif expect not in ("partial", "as nan.wav"):
            assert fate[name] == "done", (name, expect)
        must_fail = expect in ("error", "clear error") or expect.startswith(
            ("refused", "CRC", "clear error,")
        )
        if must_fail:
            assert fate[name] == "failed", (name, expect)
    silence = soundfile.read(tmp_path / "out" / "silence.wav")[0]
    assert not silence.any()
    loud, _ = soundfile.read(tmp_path / "out" / "float_over1.wav")
    source, _ = soundfile.read(folder / "float_over1.wav")
    np.testing.assert_allclose(loud, source, atol=1e-3)


@pytest.mark.parametrize("kind", ["claxon", "minimp3-fuzz", "mutagen", "python-soundfile", "scipy-wav"])
def test_bad_files_from_elsewhere(model: Path, tmp_path: Path, shared_data: Path, kind: str) -> None:
    folder = shared_data / "bad" / kind
    done = run(tmp_path, folder, "--to", "classical", "-o", tmp_path / "out")
    judge(folder, tmp_path / "out", done)


@pytest.mark.fault
@pytest.mark.skipif(shutil.which("mount") is None or os.getuid() != 0, reason="needs a disk of its own")
def test_a_disk_that_is_really_full(model: Path, tmp_path: Path) -> None:
    """A file system of 300 kB, where the system lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount")
    try:
        for number in range(5):
            song(tmp_path / "library" / f"{number}.wav", RATE * 3)  # 96 kB each
        words = ("library", "--to", "classical", "-o", disk / "out", "-j", "1")
        done = run(tmp_path, *words)
        assert done.returncode == 3
        assert "disk is full" in done.stderr
        found = files(disk / "out")
        assert 1 <= len(found) <= 3
        assert all(soundfile.info(disk / "out" / name).frames == RATE * 3 for name in found)
        subprocess.run(["mount", "-o", "remount,size=2m", str(disk)], check=True)
        assert run(tmp_path, *words).returncode == 0
        assert len(files(disk / "out")) == 5
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
