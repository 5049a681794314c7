"""Jobs live on their own: they outlast the server, stop in good order, and are missed when they die."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from styleshift.errors import NothingToDoError, UsageError
from styleshift.studio import jobs as module
from styleshift.studio.jobs import Jobs

# In the place of the real work: a script that speaks as a job does.
SCRIPT = """
import json, os, signal, sys, time
folder = sys.argv[1]
job = json.load(open(folder + "/job.json"))
# Whoever began the tests may have had SIGINT ignored, as shells have for what they put into the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
log = open(folder + "/log.jsonl", "a", buffering=1)
say = lambda line, **fields: log.write(json.dumps({"line": line, **fields}) + "\\n")
say("begin", pid=os.getpid())
how = job["arguments"]["how"]
if how == "die":
    os.kill(os.getpid(), signal.SIGKILL)
try:
    say("task", task=1, label="work", total=3, unit="files")
    say("advance", task=1, done=1, figures={"speed": "2 x"})
    if how == "long":
        time.sleep(60)
except KeyboardInterrupt:
    say("end", exit_code=130, time=1)
    sys.exit(130)
say("end", exit_code=0, time=1)
"""

Start = Callable[[Jobs, str], str]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    real = module.subprocess.Popen

    def spawn(command: list[str], **options: Any) -> Any:
        return real([command[0], "-S", str(script), command[-1]], **options)

    monkeypatch.setattr(module.subprocess, "Popen", spawn)
    return lambda jobs, how: jobs.start("convert", f"a job to {how}", {"how": how})


def until(jobs: Jobs, name: str, met: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
    for _ in range(600):
        state = jobs.state(name)
        if met(state):
            return state
        time.sleep(0.05)
    pytest.fail(f"still {state}")


def test_a_job_goes_to_its_end(tmp_path: Path, begin: Start) -> None:
    jobs = Jobs(tmp_path / "jobs")
    name = begin(jobs, "finish")
    assert jobs.state(name)["status"] in ("running", "done")
    state = until(jobs, name, lambda state: state["status"] != "running")
    assert (state["status"], state["tasks"], state["title"]) == ("done", [], "a job to finish")


def test_another_server_finds_it_and_stops_it(tmp_path: Path, begin: Start) -> None:
    name = begin(Jobs(tmp_path / "jobs"), "long")
    later = Jobs(tmp_path / "jobs")  # which has not started it
    state = until(later, name, lambda state: bool(state["tasks"]) and state["tasks"][0]["done"] == 1)
    assert state["tasks"] == [
        {"label": "work", "total": 3, "unit": "files", "done": 1, "figures": {"speed": "2 x"}}
    ]
    assert [job["id"] for job in later.all()] == [name]
    later.stop(name)
    assert until(later, name, lambda state: state["status"] != "running")["status"] == "stopped"
    with pytest.raises(NothingToDoError, match="not running"):
        later.stop(name)


def test_a_job_has_a_session_of_its_own(tmp_path: Path, begin: Start) -> None:
    """What ends the server's terminal does not end the job."""
    jobs = Jobs(tmp_path / "jobs")
    name = begin(jobs, "long")
    until(jobs, name, lambda state: bool(state["tasks"]))
    pid = jobs.log(name).pid
    assert os.getsid(pid) == pid != os.getsid(0)
    jobs.stop(name, at_once=True)
    assert until(jobs, name, lambda state: state["status"] != "running")["status"] == "died"


def test_a_job_that_is_killed_has_died(tmp_path: Path, begin: Start) -> None:
    jobs = Jobs(tmp_path / "jobs")
    name = begin(jobs, "die")
    assert until(jobs, name, lambda state: state["status"] != "running")["status"] == "died"
    assert Jobs(tmp_path / "jobs").state(name)["status"] == "died"


def test_a_job_is_never_taken_for_dead_before_it_speaks(tmp_path: Path, begin: Start) -> None:
    jobs = Jobs(tmp_path / "jobs")
    name = begin(jobs, "finish")
    assert Jobs(tmp_path / "jobs").state(name)["status"] != "died"
    until(jobs, name, lambda state: state["status"] == "done")


def test_only_so_many_run_at_once(tmp_path: Path, begin: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNNING", 1)
    jobs = Jobs(tmp_path / "jobs")
    name = begin(jobs, "long")
    with pytest.raises(UsageError, match="1 jobs are running"):
        begin(jobs, "finish")
    jobs.stop(name)


def test_old_jobs_are_forgotten(tmp_path: Path, begin: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    jobs = Jobs(tmp_path / "jobs")
    old = tmp_path / "jobs" / "20200101-000000-00000000"
    old.mkdir(parents=True)
    job = {"kind": "verify", "title": "old", "started": 1, "arguments": {}}
    (old / "job.json").write_text(json.dumps(job))
    assert [each["status"] for each in jobs.all()] == ["died"]
    name = begin(jobs, "finish")
    assert [each["id"] for each in jobs.all()] == [name]
    until(jobs, name, lambda state: state["status"] == "done")


@pytest.mark.parametrize("name", ["", "..", "../..", "20200101-000000-0000000g", "20200101-000000-00000000"])
def test_a_name_that_is_none_leads_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(NothingToDoError):
        Jobs(tmp_path / "jobs").state(name)
