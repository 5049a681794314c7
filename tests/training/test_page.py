"""What is to be seen and heard of a run: its page, and its trackers."""

from __future__ import annotations

import base64
import copy
import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from reporters import Told

from styleshift.errors import CheckpointError, ConfigError, PluginError
from styleshift.hooks import Excerpt, TrackerSpec, load_registry
from styleshift.recipes import Recipe
from styleshift.training import run as run_module
from styleshift.training import trainer as trainer_module
from styleshift.training.excerpts import STAGES, make_excerpts
from styleshift.training.model import CycleGAN
from styleshift.training.page import write_run_page
from styleshift.training.run import resume_run, start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
Patch = pytest.MonkeyPatch
PAIR = ("low", "high")
JUDGED = ("schedule.validation_seconds=1", "schedule.steps=4")


class Remembers:
    """A tracker that remembers all that it is given."""

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder, self.run = folder, run
        self.steps: list[tuple[int, set[str]]] = []
        self.shown: list[tuple[int, list[Excerpt]]] = []
        self.closed = False

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        self.steps.append((step, set(figures)))

    def excerpts(self, step: int, excerpts: Sequence[Excerpt]) -> None:
        self.shown.append((step, list(excerpts)))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> list[Remembers]:
    """What the tracker ``memory`` was built as, each time."""
    made: list[Remembers] = []

    def build(options: object, folder: Path, run: Mapping[str, Any]) -> Remembers:
        made.append(Remembers(folder, run))
        return made[-1]

    shelf = load_registry().trackers
    monkeypatch.setattr(shelf, "_entries", dict(shelf.entries()))
    shelf.add(TrackerSpec("memory", "a test", build), "a-test", "1")
    return made


def test_the_page_shows_plays_and_tells(fresh: Workspace, tiny_recipe: Tiny) -> None:
    folder = start_run(fresh, PAIR, tiny_recipe(*JUDGED), device="cpu").folder
    text = (folder / "index.html").read_text("utf-8")
    assert not re.search(r'(?:src|href)="(?!data:)', text)  # nothing is fetched
    assert text.count("<audio ") == text.count("<image ") == 2 * len(STAGES)
    for data in re.findall(r'src="data:audio/flac;base64,([^"]+)"', text):
        wave, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
        assert (rate, len(wave)) == (8000, 64 * 64)
        assert np.isfinite(wave).all()
    for data in re.findall(r'(?:src|href)="data:image/png;base64,([^"]+)"', text):
        assert base64.b64decode(data).startswith(b"\x89PNG")
    for kind in ("generator", "cycle", "discriminator", "score, 0 to 1"):
        assert f"<b>{kind}</b>" in text
    assert "crop_frames = 64" in text
    assert "&#34;torch&#34;: &#34;" in text
    for name, curves in (("generator", ("low to high", "high to low")), ("discriminator", ("high", "low"))):
        (legend,) = re.findall(f"<b>{name}</b>(.*?)</figcaption>", text)
        assert re.findall(">([^<]+)</span>", legend) == list(curves)
    assert not re.search(r"\b(x2y|y2x|[dg]_loss)\b", text)
    assert "This audio was held out of training." in text


def test_a_curve_of_one_point_is_a_dot(fresh: Workspace, tiny_recipe: Tiny) -> None:
    result = start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    text = (result.folder / "index.html").read_text("utf-8")
    assert text.count("<circle ") == text.count("<polyline ") > 0


def test_a_run_without_a_judge_has_curves(fresh: Workspace, tiny_recipe: Tiny) -> None:
    folder = start_run(fresh, PAIR, tiny_recipe(), device="cpu").folder
    text = (folder / "index.html").read_text("utf-8")
    assert "<audio " not in text
    assert text.count("<polyline ") >= 6
    assert "not validated (schedule.validation_seconds is 0)" in text


def test_the_page_says_when_its_music_was_trained_on(fresh: Workspace, tiny_recipe: Tiny) -> None:
    folder = start_run(fresh, PAIR, tiny_recipe(*JUDGED, "data.held_out=0"), device="cpu").folder
    text = (folder / "index.html").read_text("utf-8")
    assert "This audio was also trained on." in text
    assert "held out" not in text


def test_what_has_no_waveform_is_silence(fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch) -> None:
    class Runaway:
        def __init__(self, model: CycleGAN, level: float) -> None:
            self.model, self.level = model, level

        def best(self) -> dict[str, torch.nn.Module]:
            away = self.model.best()["y2x"]
            away.register_forward_hook(lambda module, given, made: made * 0 + self.level)
            return {"x2y": self.model.best()["x2y"], "y2x": away}

    made: list[list[Excerpt]] = []

    def runaway(model: CycleGAN, *rest: Any) -> list[Excerpt]:
        level = (float("inf"), float("nan"), 95.0)[len(made)]
        made.append(make_excerpts(Runaway(copy.deepcopy(model), level), *rest))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(trainer_module, "make_excerpts", runaway)
    told = Told()
    folder = start_run(fresh, PAIR, tiny_recipe(*JUDGED), device="cpu", reporter=told).folder
    assert not [text for text in told.warnings if "page" in text]
    assert len(made) == 3
    for shown in made:
        assert all(np.isfinite(excerpt.audio).all() for excerpt in shown)
        loud = {(one.direction, one.stage): bool(one.audio.any()) for one in shown}
        assert loud["high to low", "source"]
        assert loud["low to high", "converted"]
        assert not loud["high to low", "converted"]
        assert not loud["low to high", "there and back"]
    assert (folder / "index.html").read_text("utf-8").count("<audio ") == 2 * len(STAGES)


def test_a_page_that_cannot_be_made_is_a_warning(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch
) -> None:
    def fail(*_: object) -> list[Excerpt]:
        raise AssertionError("no such encoder\nand more")

    monkeypatch.setattr(trainer_module, "make_excerpts", fail)
    told = Told()
    assert start_run(fresh, PAIR, tiny_recipe(*JUDGED), device="cpu", reporter=told).step == 4
    said = [text for text in told.warnings if "page" in text]
    assert said == ["the page of this run is not up to date: AssertionError: no such encoder"]


def test_names_are_shown_as_text_and_cut_lines_are_left_out(tmp_path: Path) -> None:
    run = {"domains": ["<b>", "&"], "recipe": {"name": "<i>"}, "provenance": {}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    lines = [
        {"event": "step", "step": 1, "losses": {"g_loss_x2y": 1.0}},
        {"event": "step", "step": 2, "losses": {"g_loss_x2y": float("nan")}},
        {"event": "step", "step": 1, "losses": {"g_loss_x2y": 3.0}},
    ]
    log = "\n".join(json.dumps(line) for line in lines)
    (tmp_path / "log.jsonl").write_text(log + '\n{"event": "st')
    write_run_page(tmp_path, [], {"step": "<2>"})
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "&lt;b&gt; and &amp;" in text
    assert "&lt;2&gt;" in text
    assert "<i>" not in text
    assert ">3</text>" in text  # the step that was done again is the later one
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["index.html", "log.jsonl", "run.json"]


def test_a_tracker_is_given_figures_and_excerpts_and_again_after_a_pause(
    fresh: Workspace, tiny_recipe: Tiny, remembered: list[Remembers]
) -> None:
    start_run(fresh, PAIR, tiny_recipe(*JUDGED), trackers=["memory"])
    (tracker,) = remembered
    assert tracker.closed
    assert tracker.folder == fresh.runs / "low-high"
    assert tracker.run["domains"] == ["low", "high"]
    assert tracker.run["name"] == "low-high"
    losses = [step for step, names in tracker.steps if "loss/cycle_x" in names]
    assert losses == [1, 2, 3, 4]
    assert [step for step, names in tracker.steps if "score/mean" in names] == [0, 2, 4]
    assert [step for step, _ in tracker.shown] == [0, 2, 4]
    shown = tracker.shown[-1][1]
    assert [(one.direction, one.stage) for one in shown] == [
        (direction, stage) for direction in ("low to high", "high to low") for stage in STAGES
    ]
    assert shown[0].picture.dtype == np.uint8
    assert shown[0].picture.shape[2] == 3
    assert shown[0].audio.dtype == np.float32
    resume_run(fresh, steps=6)  # no need to name the tracker again
    assert [step for step, names in remembered[1].steps if "loss/cycle_x" in names] == [5, 6]


def test_a_tracker_that_fails_is_left_out_with_a_warning(
    fresh: Workspace, tiny_recipe: Tiny, remembered: list[Remembers], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Remembers, step: int, figures: Mapping[str, float]) -> None:
        raise OSError("the network is gone\nand more")

    monkeypatch.setattr(Remembers, "figures", fail)
    told = Told()
    assert start_run(fresh, PAIR, tiny_recipe(), trackers=["memory"], reporter=told).step == 6
    said = [text for text in told.warnings if "memory" in text]
    what = "plugin a-test 1, tracker memory: OSError: the network is gone"
    assert said == [f"training goes on without the tracker memory: {what}"]


def test_a_trackers_options_are_checked_before_the_work_and_kept_for_a_resumed_run(
    fresh: Workspace, tiny_recipe: Tiny
) -> None:
    for options, said in (
        ({"tensorboard": {"excerpt": "no"}}, "tracker tensorboard has no option 'excerpt'"),
        ({"tensorbord": {"excerpts": "no"}}, "options of the tracker tensorbord, which is not used"),
    ):
        with pytest.raises(ConfigError, match=said):
            start_run(fresh, PAIR, tiny_recipe(), trackers=["tensorboard"], tracker_options=options)
    assert not list(fresh.runs.glob("*"))
    chosen = {"tensorboard": {"excerpts": "false"}}
    recipe = tiny_recipe(*JUDGED, "schedule.steps=1")
    folder = start_run(fresh, PAIR, recipe, trackers=["tensorboard"], tracker_options=chosen).folder
    resume_run(fresh, steps=2)
    assert json.loads((folder / "run.json").read_text())["tracker_options"] == chosen
    written = b"".join(path.read_bytes() for path in (folder / "tensorboard").iterdir())
    assert b"loss/cycle_x" in written
    assert b"PNG" not in written


def test_an_unknown_tracker_is_told_of_before_the_work(fresh: Workspace, tiny_recipe: Tiny) -> None:
    with pytest.raises(PluginError, match="no tracker 'absent'; available: tensorboard"):
        start_run(fresh, PAIR, tiny_recipe(), trackers=["absent"])
    assert not list(fresh.runs.glob("*"))


def test_a_tracker_that_cannot_be_used_is_told_of_before_the_work(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch
) -> None:
    start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"), name="there")
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # as without the package
    monkeypatch.setattr(run_module, "make_samplers", None)  # where the work begins
    before = (fresh.runs / "there" / "run.json").read_bytes()
    with pytest.raises(ConfigError, match="tensorboard cannot be used") as caught:
        start_run(fresh, PAIR, tiny_recipe(), trackers=["tensorboard"])
    assert "styleshift[tensorboard]" in caught.value.hint
    with pytest.raises(ConfigError, match="tensorboard cannot be used"):
        resume_run(fresh, steps=2, trackers=["tensorboard"])
    assert [folder.name for folder in fresh.runs.iterdir()] == ["there"]
    assert (fresh.runs / "there" / "run.json").read_bytes() == before


def test_a_run_goes_on_without_a_tracker_that_is_missing_now(
    fresh: Workspace, tiny_recipe: Tiny, remembered: list[Remembers], monkeypatch: Patch
) -> None:
    start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"), trackers=["memory"])
    shelf = load_registry().trackers
    there = dict(shelf.entries())
    monkeypatch.setattr(shelf, "_entries", {name: one for name, one in there.items() if name != "memory"})
    told = Told()
    assert resume_run(fresh, steps=2, reporter=told).step == 2
    (said,) = [text for text in told.warnings if "tracker" in text]
    assert said.startswith("training goes on without the tracker memory: there is no tracker 'memory'")
    with pytest.raises(PluginError, match="no tracker 'memory'"):
        resume_run(fresh, steps=3, trackers=["memory"])
    monkeypatch.setattr(shelf, "_entries", there)
    resume_run(fresh, steps=3)  # it is not forgotten
    assert len(remembered) == 2


def test_trackers_are_closed_where_the_first_save_fails(
    fresh: Workspace, tiny_recipe: Tiny, remembered: list[Remembers], monkeypatch: Patch
) -> None:
    def fail(*_: object) -> None:
        raise CheckpointError("not to be packed")

    monkeypatch.setattr(trainer_module, "pack", fail)
    with pytest.raises(CheckpointError, match="not to be packed"):
        start_run(fresh, PAIR, tiny_recipe(), trackers=["memory"])
    assert remembered[0].closed


def test_a_tracker_is_closed_where_the_next_cannot_be_built(
    fresh: Workspace, tiny_recipe: Tiny, remembered: list[Remembers]
) -> None:
    def fail(options: object, folder: Path, run: Mapping[str, Any]) -> Remembers:
        raise ConfigError("no address")

    load_registry().trackers.add(TrackerSpec("afar", "a test", fail), "a-test", "1")
    with pytest.raises(ConfigError, match="no address"):
        start_run(fresh, PAIR, tiny_recipe(), trackers=["memory", "afar"])
    assert remembered[0].closed


def test_tensorboard_has_losses_pictures_and_audio(fresh: Workspace, tiny_recipe: Tiny) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = start_run(fresh, PAIR, tiny_recipe(*JUDGED), trackers=["tensorboard"]).folder
    found = EventAccumulator(str(folder / "tensorboard"), size_guidance={"audio": 0, "images": 0})
    found.Reload()
    tags = found.Tags()
    assert {"loss/g_loss_x2y", "loss/cycle_y", "score/mean"} <= set(tags["scalars"])
    assert [event.step for event in found.Scalars("loss/g_loss_x2y")] == [1, 2, 3, 4]
    assert len(tags["images"]) == len(tags["audio"]) == 2 * len(STAGES)
    assert [event.step for event in found.Audio("low to high/there and back")] == [0, 2, 4]
