"""Many files: one that fails costs itself, what is done is skipped, and what is not ours is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.bundle.load import Bundle, load_bundle
from styleshift.conversion.api import forecast_library
from styleshift.conversion.library import run as library_run
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.processes import default_jobs
from styleshift.conversion.library.report import report_lines, write_reports
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.run import convert_plan
from styleshift.conversion.settings import ConvertSettings
from styleshift.engines import load_engine
from styleshift.progress import Reporter, Task

RATE = 16000
ONE = ConvertSettings(jobs=1)


@pytest.fixture
def bundle(models: ModuleType, tmp_path: Path) -> Bundle:
    return load_bundle(models.make_model(tmp_path / "m.onnx"))


def song(path: Path, frames: int = 4000, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.1 * np.random.default_rng(seed).standard_normal(frames)
    soundfile.write(path, samples, RATE)
    return path


def convert(source: Path, bundle: Bundle, **settings: Any) -> LibraryResult:
    made = ConvertSettings(**{"vocoder": "source-phase", "jobs": 2, "stall_seconds": 6.0, **settings})
    return convert_plan(plan_library(source, "x", made), bundle, made)


def statuses(result: LibraryResult) -> dict[str, str]:
    return {name: outcome.reason or outcome.status for name, outcome in result.outcomes.items()}


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.wav")}


def test_what_is_done_is_skipped_and_what_changed_is_made_again(
    bundle: Bundle, models: ModuleType, tmp_path: Path
) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    song(source / "a.wav"), song(source / "b" / "c.wav", seed=1)
    assert statuses(convert(source, bundle)) == {"a.wav": "done", "b/c.wav": "done"}
    first = stamps(output)
    assert statuses(convert(source, bundle)) == {"a.wav": "unchanged", "b/c.wav": "unchanged"}
    os.utime(source / "a.wav", ns=(1, 1))  # touched, but with the same content
    song(source / "b" / "c.wav", seed=2)
    assert statuses(convert(source, bundle)) == {"a.wav": "unchanged", "b/c.wav": "done"}
    second = stamps(output)
    assert second["a.wav"] == first["a.wav"]
    assert second["c.wav"] > first["c.wav"]
    (output / "a.wav").unlink()
    assert statuses(convert(source, bundle)) == {"a.wav": "done", "b/c.wav": "unchanged"}
    # Whole files are the same with it, so following the hint costs only the damaged ones.
    assert statuses(convert(source, bundle, salvage=True)) == {"a.wav": "unchanged", "b/c.wav": "unchanged"}
    foretold = forecast_library(source, bundle, output=output, vocoder="pghi").tracks
    assert [(track.fate, track.reason) for track in foretold] == [("convert", "settings changed")] * 2
    made = convert(source, bundle, vocoder="pghi")
    assert statuses(made) == {"a.wav": "done", "b/c.wav": "done"}
    assert made.again_counts == [("settings changed", 2)]
    assert [line["again"] for line in report_lines(made, str)] == ["settings changed"] * 2
    other = load_bundle(models.make_model(tmp_path / "m2.onnx", change=np.ones(257)))
    assert statuses(convert(source, other, salvage=True)) == {"a.wav": "done", "b/c.wav": "done"}
    assert statuses(convert(source, bundle, overwrite="never")) == {
        "a.wav": "unchanged",
        "b/c.wav": "unchanged",
    }
    assert statuses(convert(source, bundle, overwrite="always")) == {"a.wav": "done", "b/c.wav": "done"}


def test_what_styleshift_did_not_make_is_left_alone(bundle: Bundle, tmp_path: Path) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    song(source / "a.wav"), song(source / "b.wav")
    mine = song(output / "a.wav", seed=9).read_bytes()
    result = convert(source, bundle)
    assert statuses(result) == {"a.wav": "in the way", "b.wav": "done"}
    assert (output / "a.wav").read_bytes() == mine
    result = convert(source, bundle, overwrite="always")
    assert statuses(result)["a.wav"] == "done"
    assert result.again_counts == [("asked for", 1)]  # b.wav: the other was not ours
    assert (output / "a.wav").read_bytes() != mine


def test_many_short_files_get_two_workers_a_processor() -> None:
    engine = load_engine("local", {})
    cpu, cuda = ConvertSettings(device="cpu"), ConvertSettings(device="cuda")
    assert default_jobs(cpu, engine) == default_jobs(cpu, engine, 20) == engine.workers
    assert default_jobs(cpu, engine, 1000 * engine.workers) == 2 * engine.workers
    assert default_jobs(cuda, engine, 1000 * engine.workers) == default_jobs(cuda, engine)
    assert default_jobs(cpu, engine, in_store=True) == 2 * engine.workers


@pytest.mark.parametrize("name", ["a.wav", "a.w64", "a.rf64"])
@pytest.mark.parametrize("left", [True, False])
def test_what_was_begun_at_a_kill_is_ours_by_its_comment(
    bundle: Bundle, tmp_path: Path, left: bool, name: str
) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    song(source / name)
    convert(source, bundle)
    journal = output / ".styleshift" / "journal.jsonl"
    journal.write_text(journal.read_text().splitlines()[0] + "\n")  # as a kill before "done" leaves it
    assert entries(output)[name]["state"] == "begun"
    if not left:  # its output never came, and somebody puts a file of his own there
        song(output / name, seed=9)
    assert statuses(convert(source, bundle)) == {name: "done" if left else "in the way"}


@pytest.mark.parametrize("name", ["a.wav", "a.w64", "a.rf64", "a.aiff"])
def test_what_was_converted_is_known_where_it_is_a_source(bundle: Bundle, tmp_path: Path, name: str) -> None:
    song(tmp_path / "l" / name)
    convert(tmp_path / "l", bundle)
    assert statuses(convert(tmp_path / "l-x", bundle)) == {name: "own"}


def entries(output: Path) -> dict[str, dict[str, str]]:
    lines = (output / ".styleshift" / "journal.jsonl").read_text().splitlines()
    return {entry["target"]: entry for entry in map(json.loads, lines)}


def test_a_failed_file_is_no_longer_called_begun(
    bundle: Bundle, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    (source / "sub").mkdir(parents=True)
    (source / "a.wav").write_bytes(b"no music")
    song(source / "sub" / "b.wav")
    convert(source, bundle)
    assert {name: entry["state"] for name, entry in entries(output).items()} == {
        "a.wav": "failed",
        "sub/b.wav": "done",
    }
    # Nothing of ours was left at its place: what appears there is somebody's.
    mine = song(output / "a.wav", seed=5).read_bytes()
    assert statuses(convert(source, bundle))["a.wav"] == "in the way"
    assert statuses(convert(source, bundle, overwrite="always"))["a.wav"] == "unreadable"
    assert statuses(convert(source, bundle))["a.wav"] == "in the way"
    assert (output / "a.wav").read_bytes() == mine


def test_a_remake_that_fails_keeps_the_old_output_and_does_not_call_it_done(
    bundle: Bundle, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old ``done`` must not stand: nobody can say of a kill whether it came before the rename."""
    source, output = tmp_path / "l", tmp_path / "l-x"
    song(source / "a.wav", 8000)
    convert(source, bundle)
    before = entries(output)["a.wav"]
    assert before["state"] == "done"
    monkeypatch.syspath_prepend(models.make_trouble(tmp_path / "plugin"))
    assert statuses(convert(source, bundle, vocoder="trouble")) == {"a.wav": "crashed"}
    after = entries(output)["a.wav"]
    assert after["state"] == "kept"
    assert after["key"] != before["key"]
    assert statuses(convert(source, bundle)) == {"a.wav": "done"}


class StopSoon:
    """Asks to stop, one time, once the first file is handed out."""

    asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked == 2


def test_what_was_never_reached_is_not_called_ours(bundle: Bundle, tmp_path: Path) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    song(source / "long.wav", RATE * 600), song(source / "short.wav")
    stop = StopSoon()
    convert_plan(plan_library(source, "x", ONE), bundle, ONE, stop=stop)
    assert set(entries(output)) == {"long.wav"}
    (source / "long.wav").unlink()
    mine = song(output / "short.wav", seed=3).read_bytes()
    assert statuses(convert(source, bundle)) == {"short.wav": "in the way"}
    assert (output / "short.wav").read_bytes() == mine


def test_a_crash_a_hang_and_an_error_cost_one_file_each(
    bundle: Bundle, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(models.make_trouble(tmp_path / "plugin"))
    source, output = tmp_path / "l", tmp_path / "l-x"
    for name, frames in (("crash", 8000), ("hang", 9000), ("raise", 10000)):
        song(source / f"{name}.wav", frames)
    for number in range(4):
        song(source / f"good{number}.wav", 4000 + number)
    result = convert(source, bundle, vocoder="trouble")
    assert statuses(result) == {
        "crash.wav": "crashed",
        "hang.wav": "stalled",
        "raise.wav": "plugin",
        **{f"good{number}.wav": "done" for number in range(4)},
    }
    assert "signal 11" in result.outcomes["crash.wav"].message
    assert "tripped" in result.outcomes["raise.wav"].message
    assert sorted(path.name for path in output.iterdir() if path.is_file()) == [
        f"good{number}.wav" for number in range(4)
    ]


def test_a_full_disk_ends_the_run_in_good_order_and_it_goes_on_later(
    bundle: Bundle, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    monkeypatch.syspath_prepend(models.make_trouble(tmp_path / "plugin"))
    monkeypatch.setenv("TROUBLE_DISK", f"{output}=30000")
    for number in range(6):
        song(source / f"{number}.wav", 5000)  # 10 kB each: two fit, and the journal
    result = convert(source, bundle, vocoder="trouble")
    assert result.fatal is not None
    assert result.fatal.reason == "disk full"
    whole = [path for path in output.iterdir() if path.is_file()]
    assert 1 <= len(whole) <= 2
    assert all(soundfile.info(path).frames == 5000 for path in whole)
    monkeypatch.delenv("TROUBLE_DISK")
    again = statuses(convert(source, bundle, vocoder="trouble"))
    assert set(again.values()) == {"done", "unchanged"}
    assert list(again.values()).count("unchanged") >= len(whole) - 1  # one was not yet written down
    assert sorted(path.name for path in output.iterdir() if path.is_file()) == [f"{n}.wav" for n in range(6)]


def test_a_model_that_cannot_be_loaded_ends_the_run_at_once(bundle: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "l"
    for number in range(3):
        song(source / f"{number}.wav")
    bundle.path.write_bytes(b"gone")
    result = convert(source, bundle)
    assert result.fatal is not None
    assert result.fatal.reason == "setup"


class Forgetful:
    """An engine that takes one job, of which nothing is heard, and no other."""

    local = False
    workers = 1

    def threads(self, workers: int) -> int:
        return 1

    def run(self, work: Any, jobs: Any, **_: Any) -> Any:
        next(iter(jobs))
        yield from ()


def test_files_that_the_engine_loses_have_failed(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song(tmp_path / "l" / "a.wav"), song(tmp_path / "l" / "b.wav")
    monkeypatch.setattr(library_run, "load_engine", lambda *_: Forgetful())
    result = convert(tmp_path / "l", bundle)
    assert statuses(result) == {"a.wav": "crashed", "b.wav": "crashed"}
    assert [entry["state"] for entry in entries(tmp_path / "l-x").values()] == ["failed", "failed"]


def test_a_request_to_stop_is_heard(bundle: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "l"
    song(source / "a.wav", RATE * 600)
    stop = StopSoon()
    plan = plan_library(source, "x", ONE)
    result = convert_plan(plan, bundle, ONE, stop=stop)
    assert result.stopped
    assert result.took < 10
    assert not [path for path in plan.output.iterdir() if path.is_file()]


@pytest.mark.parametrize("part", ["", "1of2"])
@pytest.mark.parametrize("single", [False, True])
def test_a_process_that_is_killed_leaves_nothing_and_anothers_files_stay(
    bundle: Bundle,
    models: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    single: bool,
) -> None:
    monkeypatch.syspath_prepend(models.make_trouble(tmp_path / "plugin"))
    crash = song(tmp_path / "l" / "crash.wav", 8000)
    shard = (1, 2) if part else None
    settings = ConvertSettings(vocoder="trouble", output=tmp_path / "out", jobs=1, shard=shard)
    plan = plan_library(crash if single else crash.parent, "x", settings)
    plan.output.mkdir()
    (plan.output / ".styleshift-0123.wav").touch()
    result = convert_plan(plan, bundle, settings)
    assert statuses(result) == {"crash.wav": "crashed"}
    # A run over a whole library is alone in the folder, and cleans up after any other.
    alone = not part and not single
    left = [path.name for path in plan.output.iterdir() if path.is_file()]
    assert left == ([] if alone else [".styleshift-0123.wav"])


def test_modification_times_on_request(bundle: Bundle, tmp_path: Path) -> None:
    source = song(tmp_path / "l" / "a.wav")
    os.utime(source, ns=(10**18, 10**18 + 5000))
    convert(tmp_path / "l", bundle, keep_times=True)
    assert (tmp_path / "l-x" / "a.wav").stat().st_mtime_ns == 10**18 + 5000


def test_nothing_of_the_source_is_touched(bundle: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "l"
    for number in range(3):
        song(source / f"d{number}" / "a.wav", seed=number)
    before = {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in source.rglob("*")
    }
    convert(source, bundle)
    after = {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in source.rglob("*")
    }
    assert after == before


def test_sources_that_were_swapped_are_converted_again(bundle: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "l"
    paths = [song(source / name, seed=seed) for seed, name in enumerate(("a.wav", "b.wav"))]
    for path in paths:
        os.utime(path, ns=(10**18, 10**18))
    convert(source, bundle)
    paths[0].rename(source / "c"), paths[1].rename(paths[0]), (source / "c").rename(paths[1])
    assert statuses(convert(source, bundle)) == {"a.wav": "done", "b.wav": "done"}
    os.utime(paths[0], ns=(10**18, 10**18))  # touched, and still the same
    assert statuses(convert(source, bundle)) == {"a.wav": "unchanged", "b.wav": "unchanged"}


def test_an_end_is_in_sight_before_the_first_file_is_done(bundle: Bundle, tmp_path: Path) -> None:
    told: list[tuple[float, dict[str, float | str]]] = []
    totals: list[float] = []

    class Told(Reporter, Task):
        def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
            assert total is not None
            totals.append(total)
            return self

        def advance(self, amount: float = 1.0, **figures: float | str) -> None:
            told.append((amount, figures))

    for name in ("a.wav", "b.wav"):
        song(tmp_path / "l" / name, 60 * RATE)
    made = ConvertSettings(vocoder="source-phase", jobs=1)
    convert_plan(plan_library(tmp_path / "l", "x", made), bundle, made, reporter=Told())
    first = next(number for number, (_, figures) in enumerate(told) if figures)
    assert told[first][1] == {"files": "1/2"}
    assert 0 < sum(amount for amount, _ in told[:first]) <= totals[0] / 2
    assert sum(amount for amount, _ in told) == pytest.approx(totals[0])


def test_a_folder_of_the_library_may_have_the_reports_name(bundle: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "l"
    song(source / "report.jsonl" / "a.wav")
    result = convert(source, bundle)
    assert statuses(result) == {"report.jsonl/a.wav": "done"}
    report = write_reports(result, bundle, "", Reporter())
    assert report == tmp_path / "l-x" / "styleshift-report.jsonl"
    assert report.is_file()


def test_the_disk_is_waited_for_once_for_many_short_files(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "l", tmp_path / "l-x"
    for number in range(5):
        song(source / f"{number}.wav", RATE // 4)
    waits: list[int] = []
    real = LibraryJournal.sync

    def counted(journal: LibraryJournal) -> None:
        waits.append(len(entries(output)))
        real(journal)

    monkeypatch.setattr(LibraryJournal, "sync", counted)
    result = convert_plan(plan_library(source, "x", ONE), bundle, ONE)
    assert len(result.of("done")) == 5
    assert waits == [5]  # all are written down before the first output may appear
