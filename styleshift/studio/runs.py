"""Trainings of the workspace, from what they write down; needs no PyTorch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from styleshift.errors import NothingToDoError
from styleshift.evaluation.judge import Judgement
from styleshift.pages import diagram, render
from styleshift.training.curves import LOG_FILE, curve_points, diagrams, direction_names, read_log
from styleshift.training.find import CHECKPOINTS, PAGE_FILE, RUN_FILE, scores_in, steps_in
from styleshift.workspace import Workspace

MOST_COMPARED = 4


def list_runs(place: Workspace) -> list[dict[str, Any]]:
    """Every run in figures, the one that was worked on last first."""
    found = []
    for path in place.runs.glob(f"*/{RUN_FILE}"):
        try:
            found.append(_summary(path.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # one that is being made, or is no run
    return sorted(found, key=lambda run: -run["changed"])


def describe_run(place: Workspace, name: str) -> dict[str, Any]:
    """A run with its curves and checkpoints; raises NothingToDoError."""
    folder = _folder(place, name)
    run = json.loads((folder / RUN_FILE).read_text("utf-8"))
    x, y = run["domains"]
    scores = scores_in(folder / CHECKPOINTS)
    names = direction_names((x, y))
    checkpoints = [
        {
            "step": step,
            "scores": {names.get(key, key): value for key, value in scores.get(step, {}).items()},
        }
        for step in steps_in(folder / CHECKPOINTS)
    ]
    curves = render("curves.html", diagrams=diagrams(read_log(folder), (x, y)))
    page = folder / PAGE_FILE
    return {
        **_summary(folder),
        "curves": curves,
        "checkpoints": checkpoints,
        "page": page.stat().st_mtime if page.is_file() else 0,
        "recipe": run["recipe"],
    }


def run_page(place: Workspace, name: str) -> str:
    """The page of a run; raises NothingToDoError where there is none yet."""
    try:
        return (_folder(place, name) / PAGE_FILE).read_text("utf-8")
    except OSError as error:
        raise NothingToDoError(f"run {name!r} has no page yet") from error


def compare_runs(place: Workspace, names: Sequence[str]) -> str:
    """The scores of a few runs in one diagram, as HTML."""
    lines = {
        name: [
            (line["step"], line["score"])
            for line in read_log(_folder(place, name))
            if line["event"] == "validated"
        ]
        for name in names[:MOST_COMPARED]
    }
    drawn = diagram("score, 0 to 1", {name: curve_points(points) for name, points in lines.items() if points})
    return render("curves.html", diagrams=[drawn] if drawn is not None else [])


def _folder(place: Workspace, name: str) -> Path:
    there = {path.parent.name: path.parent for path in place.runs.glob(f"*/{RUN_FILE}")}
    if name not in there:
        raise NothingToDoError(f"there is no run {name!r}", "reload the page")
    return there[name]


def _summary(folder: Path) -> dict[str, Any]:
    run = json.loads((folder / RUN_FILE).read_text("utf-8"))
    x, y = run["domains"]
    lines = read_log(folder)
    last = lines[-1] if lines else {}
    steps = [line for line in lines if line["event"] == "step"]
    judged = [line for line in lines if line["event"] == "validated"]
    best = max(judged, key=lambda line: line["score"], default=None)
    return {
        "name": folder.name,
        "styles": [x, y],
        "recipe_name": run["recipe"].get("name", ""),
        "started": run["provenance"].get("started", ""),
        "device": run["provenance"].get("device", ""),
        "step": last.get("step", 0),
        "minutes": (steps[-1]["seconds"] / 60) if steps else 0.0,
        "score": best["score"] if best else None,
        "best_step": best["step"] if best else None,
        "verdicts": _verdicts(judged[-1], (x, y)) if judged else {},
        "checkpoints_kept": len(steps_in(folder / CHECKPOINTS)),
        "changed": (folder / LOG_FILE).stat().st_mtime if lines else (folder / RUN_FILE).stat().st_mtime,
    }


def _verdicts(line: Mapping[str, Any], styles: tuple[str, str]) -> dict[str, str]:
    """What the judge says of each direction, in words."""
    said = {}
    for key, name in direction_names(styles).items():
        values = line.get(key) or {}
        figures = {each.name: values.get(each.name, math.nan) for each in fields(Judgement)}
        said[name] = Judgement(**figures).verdict
    return said
