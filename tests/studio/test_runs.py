"""Trainings as they are written down, also while they are written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from styleshift.errors import NothingToDoError
from styleshift.studio.runs import compare_runs, describe_run, list_runs, run_page
from styleshift.studio.web import Studio
from styleshift.workspace import Workspace

JUDGED = {
    "p": 0.9, "fd": 20.0, "fd_source": 100.0, "chroma": 0.9, "onsets": 0.8, "change_db": 9.0, "recordings": 4,
}  # fmt: skip


def put_run(place: Workspace, name: str, *lines: dict[str, Any], steps: tuple[int, ...] = ()) -> Path:
    folder = place.runs / name
    (folder / "checkpoints").mkdir(parents=True)
    run = {"domains": ["low", "high"], "recipe": {"name": "small"}, "provenance": {"device": "cpu"}}
    (folder / "run.json").write_text(json.dumps(run))
    if lines:
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for step in steps:
        (folder / "checkpoints" / f"step-{step:08d}.safetensors").write_bytes(b"")
    scores = {str(step): {"x2y": step / 100, "y2x": 0.5} for step in steps}
    (folder / "checkpoints" / "scores.json").write_text(json.dumps(scores))
    return folder


def step(number: int) -> dict[str, Any]:
    return {"event": "step", "step": number, "seconds": 60.0 * number, "losses": {"cycle_x": 1 / number}}


def validated(number: int, score: float) -> dict[str, Any]:
    return {
        "event": "validated",
        "step": number,
        "score": score,
        "x2y": JUDGED,
        "y2x": {**JUDGED, "change_db": 0.5},
    }


def test_a_run_in_figures_and_words(studio: Studio) -> None:
    put_run(
        studio.place, "run", step(1), validated(2, 0.7), step(2), validated(4, 0.6), step(4), steps=(2, 4)
    )
    (run,) = list_runs(studio.place)
    assert (run["step"], run["minutes"], run["score"], run["best_step"]) == (4, 4.0, 0.7, 2)
    assert run["verdicts"]["low to high"].startswith("the style moved")
    assert "only copies its input" in run["verdicts"]["high to low"]
    whole = describe_run(studio.place, "run")
    assert [each["step"] for each in whole["checkpoints"]] == [2, 4]
    assert whole["checkpoints"][1]["scores"] == {"low to high": 0.04, "high to low": 0.5}
    assert whole["curves"].count("<polyline") == 2
    assert "score, 0 to 1" in whole["curves"]


def test_a_run_that_has_just_begun_is_no_mistake(studio: Studio) -> None:
    put_run(studio.place, "new")
    (run,) = list_runs(studio.place)
    assert (run["step"], run["score"], run["verdicts"]) == (0, None, {})
    assert describe_run(studio.place, "new")["curves"].strip() == ""
    with pytest.raises(NothingToDoError, match="no page yet"):
        run_page(studio.place, "new")


def test_what_is_no_run_is_passed_over(studio: Studio) -> None:
    folder = studio.place.runs / "broken"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{")
    assert list_runs(studio.place) == []


@pytest.mark.parametrize("name", ["..", "../..", "none", ".", "/etc"])
def test_a_name_leads_to_runs_only(studio: Studio, client: TestClient, name: str) -> None:
    put_run(studio.place, "run", step(1))
    for ask in (describe_run, run_page):
        with pytest.raises(NothingToDoError):
            ask(studio.place, name)
    assert client.get(f"/api/runs/{name.replace('/', '%2F')}/page").status_code == 404


def test_runs_are_compared_in_one_diagram(studio: Studio, client: TestClient) -> None:
    put_run(studio.place, "<b>one", validated(1, 0.1), validated(2, 0.2))
    put_run(studio.place, "two", validated(1, 0.3), validated(2, 0.1))
    text = compare_runs(studio.place, ["<b>one", "two"])
    assert text.count("<polyline") == 2
    assert "&lt;b&gt;one" in text
    assert client.get("/api/compare", params={"run": ["two"]}).text.count("<polyline") == 1
    assert compare_runs(studio.place, []).strip() == ""


def test_the_server_needs_no_pytorch() -> None:
    """Which takes seconds, and hundreds of megabytes, before a page is shown."""
    code = "import sys, styleshift.studio.serve; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
