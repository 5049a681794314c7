"""A mean of runs tells of each of them, in files of today and of the first ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from styleshift.bundle.origin import find_origin, members_of, provenance_of, steps_of
from styleshift.training.checkpoint import TrainedModel
from styleshift.workspace import Workspace


def _run(name: str, seed: int, step: int, **more: Any) -> TrainedModel:
    shared = {"torch": "2.13", "keep_quiet": 20.0, "checkpoint": "last"}
    provenance = {**shared, "seed": seed, "started": f"day {seed}", "run": name, **more}
    return cast(
        TrainedModel,
        SimpleNamespace(provenance=provenance, checkpoints={"x2y": {"step": step, "seconds": 9.0}}),
    )


def test_a_model_of_one_run_notes_what_the_run_does() -> None:
    noted = provenance_of([_run("a", 0, 100)], "x2y")
    assert (noted["run"], noted["seed"], noted["step"]) == ("a", 0, 100)
    assert members_of(noted) == [noted]


def test_a_mean_notes_run_seed_and_step_of_each() -> None:
    noted = provenance_of([_run("a", 0, 100), _run("b", 1, 200), _run("c", 1, 100, torch="2.14")], "x2y")
    assert noted == {
        "keep_quiet": 20.0,
        "checkpoint": "last",
        "seconds": 9.0,
        "members": [
            {"torch": "2.13", "seed": 0, "started": "day 0", "run": "a", "step": 100},
            {"torch": "2.13", "seed": 1, "started": "day 1", "run": "b", "step": 200},
            {"torch": "2.14", "seed": 1, "started": "day 1", "run": "c", "step": 100},
        ],
    }
    assert members_of(noted) == noted["members"]


def test_what_is_the_same_in_all_is_still_each_ones_own() -> None:
    runs = [_run(name, 0, 200, mean_of=[100, 200]) for name in "ab"]
    members = provenance_of(runs, "x2y")["members"]
    assert [(each["run"], each["seed"], steps_of(each)) for each in members] == [
        ("a", 0, "100+200"),
        ("b", 0, "100+200"),
    ]


def test_the_first_means_named_their_further_runs_alone() -> None:
    noted = {"run": "a", "seed": 0, "step": 100, "ensemble": ["b", "c"]}
    assert members_of(noted) == [noted, {"run": "b"}, {"run": "c"}]


@pytest.mark.parametrize(
    "strange", [{"members": 7}, {"members": [1, None]}, {"ensemble": "abc"}, {"members": []}]
)
def test_what_a_stranger_wrote_is_one_run(strange: dict[str, Any]) -> None:
    assert members_of(strange) == [strange]


def test_steps_are_named_as_the_option_names_them() -> None:
    assert steps_of({"step": 200, "mean_of": [100, 200]}) == "100+200"
    assert steps_of({"step": 200}) == "200"
    assert steps_of({}) == ""


def test_a_mean_comes_back_where_all_its_runs_are_there(models: ModuleType, tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    noted = provenance_of([_run("a", 0, 100), _run("b", 1, 200)], "x2y")
    model = models.make_model(
        tmp_path / "m.onnx", props=replace(models.metadata(), provenance=noted).to_props()
    )
    for name, began in (("a", "day 0"), ("b", "day 2")):  # the second is another run under the name
        (place.runs / name).mkdir(parents=True)
        about = {"domains": ["x", "y"], "recipe": {}, "seed": 0, "provenance": {"started": began}}
        (place.runs / name / "run.json").write_text(json.dumps(about))
    found = find_origin(place, model, place.runs / "a")
    assert (found.what, found.again) == (
        "the mean of runs a and b, of which b is not in this workspace",
        None,
    )
    (place.runs / "b" / "run.json").write_text(json.dumps({**about, "provenance": {"started": "day 1"}}))
    found = find_origin(place, model, place.runs / "a")
    assert found.what == "the mean of runs a and b"
    again = "`run=a` `ensemble=b` `checkpoint=last` `keep_quiet=20.0`"
    assert found.again == f"; `styleshift export` {again} brings it back"
