"""A library in an object store comes out as on this machine, through errors, cut connections and kills."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

from object_store import BUCKET, SECRET, Server, object_store

from styleshift import convert_library
from styleshift.conversion.library.result import LibraryResult
from styleshift.errors import LockedError
from styleshift.remote import Store
from styleshift.remote.lease import Lease

RATE = 16000
OPTIONS: dict[str, Any] = {"vocoder": "source-phase", "jobs": 2, "runtime": "onnxruntime", "device": "cpu"}
SOURCE, OUTPUT = f"s3://{BUCKET}/music", f"s3://{BUCKET}/music-x"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("styleshift.remote.lease.BEAT_SECONDS", 0.3)
    monkeypatch.setattr("styleshift.remote.store.WAITS", (0.02,) * 8)
    with object_store(monkeypatch) as server:
        yield server


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for number in range(5):
        path = tmp_path / "music" / f"album {number % 2}" / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * np.random.default_rng(number).standard_normal(5000), RATE)
    (tmp_path / "music" / "broken.flac").write_bytes(b"fLaC and no more")
    (tmp_path / "music" / "cover.jpg").write_bytes(b"x")
    return tmp_path / "music"


def upload(library: Path) -> None:
    store = Store(SOURCE)
    for path in library.rglob("*.*"):
        store.send(path, path.relative_to(library).as_posix())


def outputs(output: str) -> dict[str, bytes]:
    store = Store(output)
    names = [name for name in store.stamps() if name.endswith(".flac")]
    return dict(zip(names, store.read(names), strict=True))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.flac")}


def told(result: LibraryResult) -> list[tuple[str, str, str]]:
    return [(each.name, each.status, each.message) for each in result.outcomes.values()]


def lines(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    return [{k: v for k, v in each.items() if k not in ("source", "target", "took")} for each in found]


@pytest.mark.slow
def test_the_same_bytes_and_report_as_here_though_the_store_fails(
    server: Server, library: Path, models: ModuleType, tmp_path: Path
) -> None:
    model = models.make_model(tmp_path / "m.onnx")
    here = convert_library(library, model, output=tmp_path / "here", **OPTIONS)
    upload(library)
    server.faulty = True
    there = convert_library(SOURCE, model, output=OUTPUT, **OPTIONS)
    assert server.faults > 3
    server.faulty = False
    assert told(there) == told(here)
    plain = files(tmp_path / "here")
    assert outputs(OUTPUT) == plain
    (report,) = Store(OUTPUT).read(["report.jsonl"])
    assert here.report is not None
    assert lines(report.decode()) == lines(here.report.read_text())

    again = convert_library(SOURCE, model, output=OUTPUT, **OPTIONS)
    assert {each.status for each in again.outcomes.values()} == {"unchanged", "failed"}
    Store(SOURCE).send(library / "album 0" / "0.flac", "album 1/1.flac")
    mixed = convert_library(SOURCE, model, output=OUTPUT, **OPTIONS)
    assert mixed.again == {"album 1/1.flac": "source changed"}
    assert outputs(OUTPUT)["album 1/1.flac"] == plain["album 0/0.flac"]

    kept = b"".join(Store(OUTPUT).read(name for name in Store(OUTPUT).stamps() if ".flac" not in name))
    assert SECRET.encode() not in kept
    assert b"somebody" not in kept


@pytest.mark.slow
@pytest.mark.fault
def test_a_killed_driver_loses_nothing(
    server: Server, library: Path, models: ModuleType, tmp_path: Path
) -> None:
    model = models.make_model(tmp_path / "m.onnx")
    upload(library)
    call = f"styleshift.convert_library({SOURCE!r}, {str(model)!r}, output={OUTPUT!r}, **{OPTIONS!r})"
    (tmp_path / "run.py").write_text(f"import styleshift\nif __name__ == '__main__':\n    {call}\n")
    driver = subprocess.Popen([sys.executable, tmp_path / "run.py"])
    while len(outputs(OUTPUT)) < 2 and driver.poll() is None:
        time.sleep(0.3)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    result = convert_library(SOURCE, model, output=OUTPUT, **OPTIONS)
    assert len(outputs(OUTPUT)) == 5
    assert not [each for each in result.outcomes.values() if each.reason == "in the way"]
    here = convert_library(library, model, output=tmp_path / "here", **OPTIONS)
    assert len(here.of("done")) == 5
    assert outputs(OUTPUT) == files(tmp_path / "here")


def test_a_second_driver_is_turned_away(
    server: Server, library: Path, models: ModuleType, tmp_path: Path
) -> None:
    upload(library)
    with Lease(Store(OUTPUT), ".styleshift/leases"), pytest.raises(LockedError, match="another styleshift"):
        convert_library(SOURCE, models.make_model(tmp_path / "m.onnx"), output=OUTPUT, **OPTIONS)
    assert outputs(OUTPUT) == {}
