"""What is known of a job from its log, however the log was cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from styleshift.errors import EXIT_SOME_FAILED
from styleshift.studio.follow import JobLog
from styleshift.studio.lines import LinesReporter
from styleshift.system.lines import JsonLines

JOB = {"kind": "convert", "title": "title", "started": 1.0, "arguments": {"a": 1}}


def lines(path: Path, *told: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in told)


def test_what_a_reporter_writes_is_what_is_known(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", JOB)
    log.read()  # before there is one
    with JsonLines(tmp_path / "log", sync=False) as file:
        reporter = LinesReporter(file)
        reporter.line("begin", pid=7)
        reporter.info("hello")
        reporter.detail("a detail")
        reporter.warn("careful")
        with reporter.task("work", 2, "files") as task:
            task.advance(1, speed="fast")
            log.read()
            (seen,) = log.state()["tasks"]
            task.advance(1)
        reporter.follow("track", name="a", status="done")
        reporter.follow("track", name="b", status="failed", message="why")
        reporter.follow("track", name="a", status="unchanged")
        reporter.event("converted", output="x")
        reporter.event("file", name="a")
        reporter.event("file", name="b")
        reporter.line("end", exit_code=EXIT_SOME_FAILED)
    log.read()
    state = log.state()
    assert seen == {"label": "work", "total": 2, "unit": "files", "done": 1, "figures": {"speed": "fast"}}
    assert (log.pid, state["status"], state["tasks"]) == (7, "done", [])
    assert [each["level"] for each in log.messages] == ["info", "detail", "warning"]
    assert {name: count for name, count in state["counts"].items() if count} == {"unchanged": 1, "failed": 1}
    assert list(log.tracks) == ["a", "b"]
    assert log.tracks["b"]["message"] == "why"
    assert log.results == {"converted": {"output": "x"}}
    assert [row["name"] for row in log.rows["file"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("code", "status"), [(0, "done"), (3, "done"), (130, "stopped"), (143, "stopped"), (2, "failed")]
)
def test_how_it_ended(tmp_path: Path, code: int, status: str) -> None:
    lines(
        tmp_path / "log",
        {"line": "error", "message": "wrong", "hint": "try"},
        {"line": "end", "exit_code": code, "time": 5},
    )
    log = JobLog(tmp_path / "log", JOB)
    log.read()
    assert (log.status, log.state()["ended"]) == (status, 5)
    told = {"message": "wrong", "hint": "try"}
    assert log.state()["error"] == (None if status == "stopped" else told)


def test_lines_that_are_cut_or_not_ours_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text('{"line": "say", "lev\n[1]\n{"line": "new kind"}\n{"line": "say", "level": "info"')
    log = JobLog(path, JOB)
    log.read()
    assert log.messages == []
    with path.open("a") as file:
        file.write(', "text": "whole"}\n')
    log.read()
    assert log.messages == [{"level": "info", "text": "whole"}]


def test_only_the_last_sentences_are_kept(tmp_path: Path) -> None:
    lines(tmp_path / "log", *({"line": "say", "level": "info", "text": str(i)} for i in range(1200)))
    log = JobLog(tmp_path / "log", JOB)
    log.read()
    assert [len(log.messages), log.messages[-1]["text"]] == [500, "1199"]


def test_at_the_end_no_warning_stands_for_all(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", JOB)
    warnings = ["a: 1.2 dB softer", "1 more: 1 dB softer, or more; report.jsonl names it"]
    told = [{"line": "say", "level": "warning", "text": text} for text in warnings]
    lines(tmp_path / "log", told[0])
    log.read()
    assert log.state()["last"]["text"] == warnings[0]
    lines(tmp_path / "log", told[1], {"line": "end", "exit_code": 0})
    log.read()
    assert log.state()["last"] == {"level": "warning", "text": '2 warnings: open "What it said"'}
