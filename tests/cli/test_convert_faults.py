"""``styleshift convert`` as it is installed, when things go wrong: kills, full disks, hostile files.

Of styleshift.cli.convert.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from convert_command import RATE, files, run, song, start, wait_for
from installed import events

from styleshift.audio.read import open_audio


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
    (os.killpg if group else os.kill)(process.pid, number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == code, error
    assert "Traceback" not in error
    assert "again to continue" in error
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
    """kill -9, 25 times: only whole files are there, and each time in the end the same bytes as without.

    The moments are drawn from the time that a whole run takes on this machine, most of them while files are
    worked on: a faster machine kills as often.
    """
    for number in range(8):
        song(tmp_path / "library" / f"{number}.wav", RATE * 6 + number, 2, seed=number)
    words = ("library", "--to", "classical", "-j", "2", "--vocoder-option", "iterations=2")
    output, clean = tmp_path / "library-classical", tmp_path / "clean"
    began = time.monotonic()
    process = start(tmp_path, *words, "-o", "clean")
    wait_for((clean / ".styleshift" / "journal.jsonl").exists)
    starting = time.monotonic() - began
    _, error = process.communicate()
    assert process.returncode == 0, error
    whole = time.monotonic() - began
    wanted = {name: (clean / name).read_bytes() for name in files(clean)}
    randomly = random.Random(0)
    kills, ends, killed = 0, 0, 0
    while kills < 25 or not ends:
        process = start(tmp_path, *words)
        try:
            _, error = process.communicate(timeout=randomly.uniform(starting / 2, whole))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills, killed = kills + 1, killed + 1
            for path in output.glob("[0-9]*.wav"):
                assert path.read_bytes() == wanted[path.name]
            continue
        assert process.returncode == 0, error
        assert {name: (output / name).read_bytes() for name in files(output)} == wanted
        begun, done = journal(output)
        assert done == dict.fromkeys(wanted, 1)  # what was done is never done again
        assert begun.total() - len(wanted) <= killed * 2  # a kill costs one file a worker at most
        ends, killed = ends + 1, 0
        shutil.rmtree(output)


def journal(output: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each file was begun, and how often it was done."""
    begun, done = Counter(), Counter()
    for line in (output / ".styleshift" / "journal.jsonl").read_text().splitlines():
        with contextlib.suppress(ValueError):  # a line that a kill cut short
            entry = json.loads(line)
            # A worker may be killed a moment before the command, which then writes "failed".
            if entry["state"] in ("begun", "done"):
                (begun if entry["state"] == "begun" else done)[entry["target"]] += 1
    return begun, done


def test_a_file_on_which_nothing_moves_is_given_up(
    model: Path, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(models.make_trouble(tmp_path / "plugin")))
    for name, frames in (("hang", 9000), ("crash", 8000), ("raise", 10000), ("good", 7000)):
        song(tmp_path / "library" / f"{name}.wav", frames)
    words = ("library", "--to", "classical", "--vocoder", "trouble", "--json")
    # A whole run here, with its start: no file that moves is silent for three times as long.
    began = time.monotonic()
    assert run(tmp_path, *words, "--include", "good.wav", "-o", "alone").returncode == 0
    patience = max(10.0, 3 * (time.monotonic() - began))
    done = run(tmp_path, *words, "--give-up", f"{patience:.0f}")
    assert done.returncode == 3
    *lines, summary = events(done)
    assert {line["name"]: line.get("reason", line["status"]) for line in lines} == {
        "hang.wav": "stalled",
        "crash.wav": "crashed",
        "raise.wav": "plugin",
        "good.wav": "done",
    }
    assert (summary["done"], summary["failed"]) == (1, 3)
    assert files(tmp_path / "library-classical") == ["good.wav"]


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
