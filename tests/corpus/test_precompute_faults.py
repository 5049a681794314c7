"""Precompute with damaged files, full disks and runs that are cut short.

Of styleshift.corpus.precompute.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import counts, make_registry, one_domain, recording, run, stored
from installed import STYLESHIFT, styleshift

from styleshift.audio.stream import cannot_be_read
from styleshift.corpus.manifest import JOURNAL_NAME, MANIFEST_NAME, Manifest
from styleshift.errors import AudioError
from styleshift.hooks import Finished


def test_a_decoder_that_crashes_or_hangs_costs_one_recording(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    spec = one_domain(
        recording(path, "crash", os.abort),
        recording(path, "hang", partial(time.sleep, 1000)),
        recording(path, "bug", partial(divmod, 1, 0)),
        *(recording(path, f"good {index}", version=str(index)) for index in range(6)),
    )
    result = run(tmp_path, registry=make_registry(spec), stall_seconds=1.0)
    assert counts(result) == (6, 0, 0, 3)
    messages = {item.name: item.message for item in result.domains[0].rejected}
    assert "SIGABRT" in messages["crash"]
    assert "1 s" in messages["hang"]
    assert "ZeroDivisionError" in messages["bug"]
    # What may have been bad luck is tried again; what is good is not.
    again = run(
        tmp_path,
        registry=make_registry(one_domain(*spec.find(spec.config(), tmp_path)["piano"])),
        stall_seconds=1.0,
    )
    assert counts(again) == (0, 6, 0, 3)


def _start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        STYLESHIFT,
        "precompute",
        str(folder / "audio"),
        "--workspace",
        str(folder / "ws"),
        "-j",
        "1",
        *options,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _many(folder: Path, save: Any, count: int = 12) -> None:
    rng = np.random.default_rng(0)
    for index in range(count):
        noise = rng.standard_normal((44100 * 20, 2)).astype(np.float32) * 0.1
        save(folder / f"audio/piano/{index}.flac", noise, 44100)


def _wait_for_journal(folder: Path, process: subprocess.Popen[str]) -> None:
    journal = folder / "ws/spectrograms/piano" / JOURNAL_NAME
    while process.poll() is None and (not journal.exists() or journal.stat().st_size == 0):
        time.sleep(0.01)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_an_interrupted_run_is_resumed(tmp_path: Path, save: Any, number: signal.Signals, code: int) -> None:
    _many(tmp_path, save)
    process = _start(tmp_path)
    _wait_for_journal(tmp_path, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    if number != signal.SIGKILL:
        assert "interrupted" in errors
        assert "Traceback" not in errors
    process = _start(tmp_path, "--json")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert '"tracks": 12' in output
    # At least the one that the first run had finished was not done again.
    assert '"kept": 0' not in output
    left = [path.name for path in (tmp_path / "ws").rglob("*") if path.is_file() and path.suffix != ".npy"]
    assert sorted(left) == [".lock", MANIFEST_NAME]
    assert len(stored(tmp_path).tracks) == 12
    for track in stored(tmp_path).tracks:
        assert track.array().shape[1] == track.frames


@pytest.mark.fault
def test_a_disk_that_fills_up_stops_the_run_in_words(tmp_path: Path, save: Any) -> None:
    import resource

    _many(tmp_path, save, 3)
    command = ("precompute", tmp_path / "audio", "--workspace", tmp_path / "ws")
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    full = styleshift(*command, preexec_fn=limit)
    assert full.returncode == 3, full.stderr
    assert "cannot be written to" in full.stderr
    assert "Traceback" not in full.stderr
    assert not list((tmp_path / "ws").rglob("*.npy"))
    assert not list((tmp_path / "ws").rglob("*.growing"))
    again = styleshift(*command)
    assert again.returncode == 0, again.stderr


def _fails() -> None:
    raise OSError(errno.EIO, "Input/output error")


def _cannot_be_read() -> None:
    try:
        _fails()
    except OSError as error:
        raise cannot_be_read(Path("bad"), error) from error


def test_a_source_that_cannot_be_read_is_no_full_disk(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    opens = {"raw": _fails, "told": _cannot_be_read, "good": None}
    spec = one_domain(*(recording(path, name, open, name) for name, open in opens.items()))
    result = run(tmp_path, registry=make_registry(spec))
    assert counts(result) == (1, 0, 0, 2)
    assert all("Input/output error" in item.message for item in result.domains[0].rejected)
    # The disk, or the network, may be better now.
    mended = one_domain(*(recording(path, name, version=name) for name in opens))
    assert counts(run(tmp_path, registry=make_registry(mended))) == (2, 1, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by what Linux tells of a process")
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    script = """
import sys
from functools import partial
from pathlib import Path
import numpy as np, soundfile
from styleshift.audio.read import open_audio
from styleshift.corpus.compute import compute
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import Recording
folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
path = folder / f"{seconds}.wav"
second = np.random.default_rng(0).standard_normal((8000, 1)) * 0.1
with soundfile.SoundFile(path, "w", 8000, 1) as file:
    for _ in range(seconds):
        file.write(second)
config = SpectrogramConfig(sample_rate=8000)
recording = Recording("x", path, partial(open_audio, path))
measured = compute(recording, folder / f"{seconds}.npy", config, overlap=True)
# Not getrusage: its maximum begins with what the parent held when it forked.
status = Path("/proc/self/status").read_text()
print(measured.frames, next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""
    results = {}
    for seconds in (1200, 3600):  # the shorter fills the pipeline too
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path), str(seconds)],
            capture_output=True,
            text=True,
            check=True,
        )
        frames, peak = map(int, done.stdout.split())
        assert frames == 1 + seconds * 8000 // 205
        results[seconds] = peak / 1024
    # What the long one has more: 77 MB of float32 samples, 48 MB of array.
    assert results[3600] < results[1200] + 25
    assert results[3600] < 200


def test_every_bad_file_is_stored_or_named(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/bad").symlink_to(shared_data / "bad/made")
    (domain,) = run(tmp_path).domains
    reasons = {item.name: item.reason for item in domain.rejected}
    names = {track.name for track in stored(tmp_path, "bad").tracks}
    files = {
        path.name
        for path in (shared_data / "bad/made").iterdir()
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".csv"
    }
    assert names | set(reasons) == files
    assert not names & set(reasons)
    works = {"ok_tone.wav", "float_over1.wav", "dc.wav", "clipped.wav", "sr_8000.wav", "sr_192000.wav"}
    works |= {"sr_11127.wav", "ch6.wav", "stereo_antiphase.wav", "stereo_one_silent.wav", "u8.wav", "s24.wav"}
    works |= {"s32.wav", "double.wav", "ulaw.wav", "rf64.wav", "be.aiff", "tone.flac", "tone.ogg", "tone.mp3"}
    works |= {"UPPER.WAV", "sp ace ünïcødé 音.wav", "-dash.wav", "mp3_named.wav", "wav_named.mp3"}
    works |= {"size_ffffffff.wav", "truncated.mp3"}
    assert works <= names
    refused = {
        "nan.wav",
        "inf.wav",
        "all_nan.wav",
        "zero_frames.wav",
        "header_only.wav",
        "sr_1.wav",
        "empty.wav",
    }
    refused |= {"text.wav", "truncated_header.wav", "rate_zero.wav", "rate_4e9.wav", "channels_zero.wav"}
    refused |= {"channels_65535.wav", "bitrot.flac", "silence.wav", "denormal.wav", "one_sample.wav"}
    assert refused <= set(reasons)
    for track in stored(tmp_path, "bad").tracks:
        assert np.isfinite(track.array()).all()


def test_a_workspace_that_is_a_file_is_a_plain_error(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    (tmp_path / "ws").write_text("mine")
    with pytest.raises(AudioError, match="cannot be written to"):
        run(tmp_path)
    assert (tmp_path / "ws").read_text() == "mine"


def test_a_disk_that_is_full_for_the_manifest_is_a_plain_error(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", full)
        with pytest.raises(AudioError, match="No space left"):
            run(tmp_path)
    # What was computed is in the journal, and not computed again.
    monkeypatch.setattr(sys.modules["styleshift.corpus.precompute"], "run_jobs", None)
    assert counts(run(tmp_path)) == (0, 1, 0, 0)


class Forgetful:
    """An engine that does the first job, and takes one more, of which nothing is heard."""

    local = False
    workers = 1

    def run(self, work: Any, jobs: Any, **_: Any) -> Any:
        waiting = iter(jobs)
        first = next(waiting)
        yield first, Finished(work.run(first, lambda amount: None))
        next(waiting)


def test_recordings_that_the_engine_loses_are_named_and_not_dropped_in_silence(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    registry = make_registry(one_domain(*(recording(path, name, version=name) for name in "abc")))
    assert counts(run(tmp_path, registry=registry)) == (3, 0, 0, 0)
    path.touch()  # so that all three are looked at again
    monkeypatch.setattr(sys.modules["styleshift.corpus.precompute"], "load_engine", lambda *_: Forgetful())
    result = run(tmp_path, registry=registry)
    assert result.domains[0].tracks == 1
    assert len(result.domains[0].rejected) == 2
    assert all("the engine lost it" in item.message for item in result.domains[0].rejected)


def test_a_recording_is_written_down_once_its_array_is_on_the_disk(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    happened: list[str] = []
    module = sys.modules["styleshift.corpus.precompute"]
    monkeypatch.setattr(module, "flush_to_disk", lambda array: happened.append(f"flush {array.suffix}"))
    monkeypatch.setattr(
        module.JsonLines, "append", lambda self, entry: happened.append(f"note {entry['name']}")
    )
    run(tmp_path, registry=make_registry(one_domain(recording(path, "a"))))
    assert happened == ["flush .npy", "note a"]
