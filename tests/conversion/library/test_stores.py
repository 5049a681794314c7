"""A library in an object store comes out as on this machine, through errors, cut connections and kills.

Of styleshift.conversion.library.planning and styleshift.conversion.library.elsewhere.
"""

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
from styleshift.bundle.load import load_bundle
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import LockedError, UsageError
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


@pytest.mark.slow
def test_one_object_is_converted_as_one_file_is(
    server: Server, library: Path, models: ModuleType, tmp_path: Path
) -> None:
    model, song = models.make_model(tmp_path / "m.onnx"), library / "album 0" / "0.flac"
    upload(library)
    convert_library(song, model, output=tmp_path / "here.flac", **OPTIONS)
    plain = (tmp_path / "here.flac").read_bytes()
    address = f"{SOURCE}/album 0/0.flac"
    here = convert_library(address, model, output=tmp_path / "there.flac", **OPTIONS)
    assert (tmp_path / "there.flac").read_bytes() == plain
    there = convert_library(address, model, output=f"{OUTPUT}/one.flac", **OPTIONS)
    convert_library(song, model, output=f"{OUTPUT}/two", **OPTIONS)
    made = f"0-{load_bundle(model).metadata.target}.flac"
    assert outputs(OUTPUT) == {"one.flac": plain, f"two/{made}": plain}
    assert all(result.plan.single and told(result)[0][1] == "done" for result in (here, there))
    assert not [name for name in Store(OUTPUT).stamps() if not name.endswith(".flac")]

    again = convert_library(address, model, output=f"{OUTPUT}/one.flac", **OPTIONS)
    assert told(again) == [("0.flac", "failed", f"{OUTPUT}/one.flac exists already")]
    with pytest.raises(UsageError, match="is the source itself"):
        convert_library(address, model, output=address, **OPTIONS)


def test_a_store_is_listed_folder_by_folder(server: Server) -> None:
    import s3fs

    store = Store(SOURCE)
    for name in ("a.flac", "b/c.flac", "b/d/e.flac", "b//x.flac", ".hidden/f.flac", "cover.jpg", "A/y.flac"):
        store.write(name, b"x")
    s3fs.S3FileSystem().touch(f"{BUCKET}/music/b/")  # what some programs make in the place of a folder
    assert sorted(store.folder("")[0]) == ["a.flac", "cover.jpg"]
    plan = plan_library(SOURCE, "x", ConvertSettings())
    assert [job.name for job in plan.jobs] == ["a.flac", "A/y.flac", "b/c.flac", "b/d/e.flac"]
    assert {each.name for each in plan.skipped} == {"cover.jpg", "b/"}
    assert store.folder("nowhere") == ({}, [])
    assert Store(f"s3://{BUCKET}").file("music/a.flac") == store.stamp("a.flac")
    assert Store(f"s3://{BUCKET}").file("music") is None
