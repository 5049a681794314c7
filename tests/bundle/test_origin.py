"""A mean of runs tells of each of them, in files of today and of the first ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile
import torch

from styleshift.bundle.load import read_metadata
from styleshift.bundle.origin import find_origin, members_of, provenance_of, settings_of, steps_of
from styleshift.bundle.run import export_run
from styleshift.bundle.settings import ExportSettings
from styleshift.corpus import precompute
from styleshift.recipes import load_recipe
from styleshift.testing.material import TINY
from styleshift.training.checkpoint import TrainedModel, blank_statistics
from styleshift.training.files import CheckpointFolder
from styleshift.training.model import CycleGAN
from styleshift.workspace import Workspace, shipped_models


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


@pytest.mark.parametrize(
    ("steps", "asked", "noted"),
    [
        ({"x2y": 0}, "best", "0"),
        ({"x2y": 200, "mean_of": [100, 200]}, "100+last", "100+200"),
    ],
)
def test_settings_are_noted_whole_with_the_step_that_was_taken(
    steps: dict[str, Any], asked: str, noted: str
) -> None:
    run = _run("a", 0, steps.pop("x2y"), **steps)
    settings = ExportSettings(checkpoint=asked, output="/home/me/models", card=Path("/home/me/card.toml"))
    assert provenance_of([run], "x2y", settings)["export"] == {
        "checkpoint": noted,
        "card": "card.toml",  # and nothing of whose machine it was
        "strength": 1.0,
    }


def test_the_best_of_a_mean_is_a_step_only_where_all_are_at_it() -> None:
    settings = ExportSettings(run="a", ensemble=("b",))
    for step, noted in ((100, "100"), (200, "best")):
        told = provenance_of([_run("a", 0, 100), _run("b", 1, step)], "x2y", settings)
        assert told["export"]["checkpoint"] == noted


def test_models_that_ship_say_what_they_were_exported_with() -> None:
    found = {path.stem: settings_of(read_metadata(path)) for path in shipped_models().glob("*.onnx")}
    assert found["violin-to-piano"] == ExportSettings(
        run="shipped",
        checkpoint="14000+17661",
        licence="CC BY 4.0",
        match_spectrum=True,
        smooth_frames=0.15,
        smooth_bins=0.1,
        keep_quiet=20.0,
    )
    assert found["country-to-classical"].ensemble == ("small-1", "small-2")
    assert found["woman-to-man"].match_variance


def test_what_no_export_takes_is_a_strangers_and_passed_over(models: ModuleType) -> None:
    plain = models.metadata()
    for noted in (
        {"keep_quiet": "a little", "smooth_bins": 7, "checkpoint": "newest", "colour": 1},
        {"export": {"ensemble": 7, "card": [1], "match_variance": "yes", "checkpoint": {}}},
        {"export": {"match_variance": True}, "run": "a", "ensemble": ["b"]},
        {"members": [{"run": 7}, {"step": "last"}], "ensemble": [None]},
    ):
        settings_of(replace(plain, provenance=noted), ["a", "b"]).options()
        found = settings_of(replace(plain, provenance=noted))
        assert replace(found, run=None, ensemble=()) == ExportSettings()


def _trained(place: Workspace) -> None:
    """The run ``first`` of noise to noise, whose best steps are 0 and 100, one in each direction."""
    recipe = load_recipe("small", TINY)
    random = np.random.default_rng(0)
    for domain in ("violin", "piano"):
        (place.root / "audio" / domain).mkdir(parents=True)
        soundfile.write(place.root / "audio" / domain / "a.wav", 0.1 * random.standard_normal(16000), 8000)
    precompute(place.root / "audio", place, recipe.spectrogram, jobs=1)
    checkpoints = CheckpointFolder(place.runs / "first" / "checkpoints")
    for step, score in ((0, 0.5), (100, 0.4)):
        torch.manual_seed(step)
        weights = CycleGAN(recipe, *blank_statistics(recipe)).state_dict()
        tensors = {f"model.{name}": value.contiguous() for name, value in weights.items()}
        about = {"step": step, "seconds": 1.0, "scalars": {}}
        checkpoints.save(tensors, about, {"x2y": score, "y2x": 0.9 - score})
    run = {"domains": ["violin", "piano"], "recipe": recipe.to_dict(), "seed": 0, "provenance": {}}
    (place.runs / "first" / "run.json").write_text(json.dumps(run))


@pytest.mark.slow
def test_what_a_model_notes_makes_the_same_bytes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Workspace(tmp_path)
    _trained(place)
    monkeypatch.chdir(tmp_path)
    Path("card.toml").write_text('summary = "Strings that are struck."')
    asked = ExportSettings(
        output=tmp_path / "mine",
        licence="CC BY 4.0",
        card="card.toml",
        strength=0.8,
        generator_share=0.5,
        match_spectrum=True,
        match_variance=True,
        smooth_frames=0.1,
        smooth_bins=0.05,
        keep_quiet=20,
    )
    first, back = export_run(place, asked)
    noted = settings_of(first.bundle.metadata)
    assert noted == replace(asked, run="first", checkpoint="0", output=None)
    assert settings_of(back.bundle.metadata).checkpoint == "100"
    again, _ = export_run(place, noted, output=tmp_path / "again")
    assert again.path.read_bytes() == first.path.read_bytes()
    plain, _ = export_run(place, run="first", checkpoint="0", output=tmp_path / "plain")
    assert plain.path.read_bytes() != first.path.read_bytes()
    (place.runs / "second").mkdir()
    told = find_origin(place, first.path, place.runs / "second").again
    options = " ".join(replace(noted, output=tmp_path / "mine").options())
    assert told == f"; `styleshift export` {options} brings it back"


def test_a_mean_comes_back_where_all_its_runs_are_there(models: ModuleType, tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    noted = provenance_of([_run("a", 0, 100), _run("b", 1, 200)], "x2y")
    model = models.make_model(
        place.models / "m.onnx", props=replace(models.metadata(), provenance=noted).to_props()
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
