"""The minutes before the first step: what is said, what a signal does, and what ``--resume`` then says."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from styleshift.errors import ConfigError, NothingToDoError
from styleshift.progress import Reporter, Task
from styleshift.recipes import Recipe
from styleshift.system.interrupt import Interrupted
from styleshift.training import run as run_module
from styleshift.training import trainer as trainer_module
from styleshift.training.preparing import preparing
from styleshift.training.run import resume_run, start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
Patch = pytest.MonkeyPatch
PAIR = ("low", "high")
WHOLE = ("schedule.validation_seconds=1", "schedule.steps=1", "warm_start.share=0.5", "warm_start.crops=2")


class Told(Reporter):
    """Remembers all that is said, and how far each phase came."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []
        self.came: dict[str, float] = {}
        self.wanted: dict[str, float | None] = {}

    def phase(self, label: str, total: float | None = None, unit: str = "") -> Task:
        told = self
        self.said.append(label)
        self.wanted[label] = total

        class Counted(Task):
            def advance(self, amount: float = 1.0, **figures: float | str) -> None:
                told.came[label] = told.came.get(label, 0.0) + amount

        return Counted()

    def info(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture(autouse=True)
def _foreground() -> Iterator[None]:
    """Where the tests run in the background of a shell, Ctrl-C is ignored, as a command there ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_every_phase_is_told_of_and_comes_to_its_end(fresh: Workspace, tiny_recipe: Tiny) -> None:
    told = Told()
    start_run(fresh, PAIR, tiny_recipe(*WHOLE), device="cpu", reporter=told)
    phases = [
        "reading the corpus",
        "preparing the classifiers",
        "training the classifiers",
        "matching frames",
    ]
    assert [text for text in told.said if text in told.wanted] == [*phases, "validating the start"]
    for phase in phases:
        assert told.came[phase] == pytest.approx(told.wanted[phase])
    assert "run low-high" in told.said
    assert any(text.startswith("training begins; Ctrl-C saves") for text in told.said)


def test_a_signal_that_is_swallowed_is_noticed_at_the_next_advance() -> None:
    reached: list[str] = []

    def prepare(told: Reporter) -> None:
        with contextlib.suppress(KeyboardInterrupt):  # as Python does in a destructor
            os.kill(os.getpid(), signal.SIGTERM)
        reached.append("so far")
        with told.phase("work"):
            reached.append("too far")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught, preparing(Reporter(), "nothing was saved") as told:
        prepare(told)
    assert reached == ["so far"]
    assert caught.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_while_the_start_is_judged_is_before_the_first_step(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch
) -> None:
    def stopped(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(trainer_module, "pack", stopped)
        with pytest.raises(Interrupted, match="before the first step; nothing was saved"):
            start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    assert start_run(fresh, PAIR, tiny_recipe("schedule.steps=1")).run == "low-high"


def stop_before_the_first_step(
    fresh: Workspace, recipe: Recipe, monkeypatch: Patch, name: str | None = None
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "make_loader", stopped)
        with pytest.raises(Interrupted):
            start_run(fresh, ("low", "other"), recipe, name=name)


def test_resume_says_that_what_was_begun_last_has_come_to_no_step(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch
) -> None:
    start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    told = Told()
    resume_run(fresh, steps=2, reporter=told)
    assert told.warned == []
    assert told.said[0] == "continuing run low-high"
    stop_before_the_first_step(fresh, tiny_recipe(), monkeypatch, "mine")
    resume_run(fresh, steps=3, reporter=told)
    (warning,) = told.warned
    assert warning.startswith("the most recent training, of low and other, was stopped before its first")
    assert "Run low-high is continued" in warning
    assert warning.endswith("`styleshift train` `domains=low other` `name=mine`")
    resume_run(fresh, steps=4, reporter=told)  # now that run was worked on last
    resume_run(fresh, "low-high", steps=5, reporter=told)
    assert len(told.warned) == 1


def test_without_any_run_resume_names_what_was_begun(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch
) -> None:
    stop_before_the_first_step(fresh, tiny_recipe(), monkeypatch)
    with pytest.raises(NothingToDoError, match="no trained run") as caught:
        resume_run(fresh)
    assert caught.value.hint == "start one: `styleshift train` `domains=low other`"


def test_what_became_a_run_or_failed_is_not_remembered(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: Patch
) -> None:
    def fail(*_: object) -> None:
        raise ConfigError("no")

    start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    assert [path.name for path in fresh.runs.iterdir()] == ["low-high"]
    monkeypatch.setattr(run_module, "make_loader", fail)
    with pytest.raises(ConfigError):
        start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    assert [path.name for path in fresh.runs.iterdir()] == ["low-high"]


def test_an_older_run_is_told_once_that_nothing_is_kept_from_training(
    fresh: Workspace, tiny_recipe: Tiny
) -> None:
    import json

    folder = start_run(fresh, PAIR, tiny_recipe(*WHOLE)).folder
    run = json.loads((folder / "run.json").read_text())
    del run["held_out"]
    (folder / "run.json").write_text(json.dumps(run))
    told = Told()
    resume_run(fresh, steps=2, reporter=told)
    resume_run(fresh, steps=3, reporter=told)
    assert len([text for text in told.warned if "which recordings it holds out" in text]) == 1
