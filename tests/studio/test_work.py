"""The process of a job: what it says of the library's work, of mistakes and of bugs."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.bundle.load import load_bundle
from styleshift.errors import EXIT_BUG, EXIT_SIGINT, LockedError, StyleshiftError
from styleshift.studio import asked, tasks
from styleshift.studio.folders import address
from styleshift.studio.follow import JobLog
from styleshift.studio.jobs import Jobs
from styleshift.studio.lines import LinesReporter
from styleshift.studio.serve import make_studio
from styleshift.studio.work import work
from styleshift.workspace import Workspace


def run(folder: Path, kind: str, **arguments: Any) -> tuple[int, JobLog]:
    folder.mkdir()
    job = {
        "kind": kind,
        "title": kind,
        "started": 1.0,
        "arguments": {"workspace": str(folder.parent), **arguments},
    }
    (folder / "job.json").write_text(json.dumps(job))
    code = work(folder)
    log = JobLog(folder / "log.jsonl", job)
    log.read()
    return code, log


def test_a_library_with_a_broken_file_is_planned_and_converted(tmp_path: Path, models: ModuleType) -> None:
    model = models.make_model(tmp_path / "model.onnx")
    (tmp_path / "library").mkdir()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16000)
    soundfile.write(tmp_path / "library" / "good.wav", noise, 16000)
    (tmp_path / "library" / "bad.wav").write_bytes(b"RIFF nonsense")
    given = {"source": str(tmp_path / "library"), "model": str(model)}
    settings = {"output": str(tmp_path / "out"), "jobs": 1, "device": "cpu"}
    code, plan = run(tmp_path / "plan", "plan", **given, settings=settings)
    assert (code, {name: track["status"] for name, track in plan.tracks.items()}) == (
        0,
        {"bad.wav": "to fail", "good.wav": "to convert"},
    )
    assert plan.results["plan"]["output"] == str(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    code, done = run(tmp_path / "convert", "convert", **given, settings=settings)
    assert (code, done.status) == (0, "done")
    assert {name: track["status"] for name, track in done.tracks.items()} == {
        "bad.wav": "failed",
        "good.wav": "done",
    }
    assert done.tracks["bad.wav"]["reason"]
    assert done.tracks["bad.wav"]["message"]
    assert Path(done.tracks["good.wav"]["target"]).is_file()
    _, again = run(tmp_path / "again", "convert", **given, settings=settings)
    assert again.tracks["good.wav"]["status"] == "unchanged"


def test_files_that_are_not_measured_are_in_the_list_with_the_reason(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16000)
    for name, wave in (("made/whole", noise), ("made/jingle", noise[:4000]), ("target/a", noise)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / f"{name}.wav", wave, 16000)
    (tmp_path / "made" / "bad.wav").write_bytes(b"RIFF nonsense")
    sides = {
        "converted": str(tmp_path / "made"),
        "target": str(tmp_path / "target"),
        "source": "",
        "truth": "",
    }
    code, log = run(tmp_path / "job", "evaluate", **sides, model="", strength=None, align=False)
    assert (code, log.status) == (0, "done")
    told = {row["name"]: row.get("message", "") for row in log.rows["file"]}
    assert set(told) == {"whole.wav", "jingle.wav", "bad.wav"}
    assert not told["whole.wav"]
    assert "at least 0.5 s are needed" in told["jingle.wav"]
    assert "bad.wav" in told["bad.wav"]


def test_one_song_that_fails_fails_the_job(tmp_path: Path, models: ModuleType) -> None:
    model = models.make_model(tmp_path / "model.onnx")
    (tmp_path / "bad.wav").write_bytes(b"RIFF nonsense")
    settings = {"output": str(tmp_path / "out.flac"), "jobs": 1, "device": "cpu"}
    _, log = run(
        tmp_path / "job", "song", source=str(tmp_path / "bad.wav"), model=str(model), settings=settings
    )
    assert log.status == "failed"
    assert "bad.wav" in log.state()["error"]["message"]


def test_a_mistake_has_its_message_and_its_exit_code(tmp_path: Path) -> None:
    code, log = run(tmp_path / "job", "verify", model="none")
    assert (code, log.status) == (10, "failed")
    assert log.state()["error"]["message"] == "no model is called 'none'"


def test_a_bug_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, log = run(tmp_path / "job", "verify")
    assert (code, log.status) == (1, "failed")
    assert "this is a bug in styleshift: TypeError" in log.state()["error"]["message"]
    assert "Traceback" in capsys.readouterr().err


def test_what_another_process_works_on_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshift.progress import Reporter

    monkeypatch.setattr(tasks, "_TURN_SECONDS", 0)
    tries = iter([LockedError("busy"), LockedError("busy"), "done"])

    def read() -> str:
        found = next(tries)
        if isinstance(found, Exception):
            raise found
        return found

    assert tasks._in_turn(read, Reporter()) == "done"


@pytest.mark.parametrize(("raised", "code"), [(SystemExit(0), EXIT_BUG), (KeyboardInterrupt(), EXIT_SIGINT)])
def test_a_job_says_its_end_whatever_is_raised_while_an_error_is_put_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    def fails(*_: object) -> None:
        raise StyleshiftError("it went wrong")

    told = LinesReporter.line

    def line(self: LinesReporter, kind: str, /, **fields: object) -> None:
        if kind == "error":
            raise raised
        told(self, kind, **fields)

    monkeypatch.setitem(tasks.TASKS, "fails", fails)
    monkeypatch.setattr(LinesReporter, "line", line)
    job = {"kind": "fails", "arguments": {"workspace": str(tmp_path)}}
    (tmp_path / "job.json").write_text(json.dumps(job), "utf-8")
    with contextlib.suppress(SystemExit):
        work(tmp_path)
    lines = [json.loads(each) for each in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert (lines[-1]["line"], lines[-1]["exit_code"]) == ("end", code)


def test_a_song_goes_back_to_a_strength_that_it_was_heard_at(
    tmp_path: Path, models: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "workspace" / "studio" / "songs"
    folder.mkdir(parents=True)
    soundfile.write(folder / "a.wav", np.random.default_rng(0).uniform(-0.1, 0.1, 16000), 16000)
    model = load_bundle(models.make_model(tmp_path / "model.onnx"))
    found = SimpleNamespace(name="model", path=model.path, metadata=model.metadata)
    monkeypatch.setattr(asked, "find_named", lambda *_: found)
    begun: list[dict[str, Any]] = []
    monkeypatch.setattr(Jobs, "start", lambda _, *told: begun.append(told[-1]) or "name")
    parts = make_studio(Workspace(tmp_path / "workspace"), [])
    asked.start_job(parts, "song", {"source": address(folder / "a.wav"), "model": "model"})
    given = {key: value for key, value in begun[0].items() if key != "workspace"}
    given["settings"]["device"] = "cpu"
    for name, status in (("first", "done"), ("again", "unchanged")):
        code, log = run(tmp_path / name, "song", **given)
        assert (code, log.tracks["a.wav"]["status"]) == (0, status)
        assert Path(log.tracks["a.wav"]["target"]).is_file()


def test_the_warnings_of_a_song_are_with_it_also_where_it_is_there_already(
    tmp_path: Path, models: ModuleType
) -> None:
    model = models.make_model(tmp_path / "model.onnx")
    (tmp_path / "library").mkdir()
    soundfile.write(tmp_path / "library" / "silent.wav", np.zeros(16000), 16000)
    settings = {"output": str(tmp_path / "out"), "jobs": 1, "device": "cpu"}
    given = {"source": str(tmp_path / "library"), "model": str(model), "settings": settings}
    for name, status in (("first", "done"), ("again", "unchanged")):
        _, log = run(tmp_path / name, "convert", **given)
        track = log.tracks["silent.wav"]
        assert track["status"] == status
        assert track["warnings"] == ["silent: there was nothing to convert, the silence is kept"]
