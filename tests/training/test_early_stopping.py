"""Warnings while a run goes on, and its early end."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reporters import Told

from styleshift.evaluation.checkpoint_score import CheckpointScore
from styleshift.evaluation.judge import Judgement
from styleshift.progress import Task
from styleshift.recipes import Recipe
from styleshift.system.interrupt import Interrupted
from styleshift.training.early_stopping import EarlyStopping
from styleshift.training.run import resume_run, start_run
from styleshift.training.validator import ValidatedDirection, ValidationResult
from styleshift.workspace import Workspace

NAMES = {"x2y": "violin to piano", "y2x": "piano to violin"}


def judgement(kind: str = "moved", p: float = 0.9) -> Judgement:
    wrong = {
        "copies": {"change_db": 0.5},
        "collapsed": {"spread": 0.05},
        "music lost": {"chroma": 0.1, "onsets": 0.1},
        "words lost": {"chroma": math.nan, "onsets": math.nan, "phones": 0.1},
        "style not moved": {"p": 0.05},
        "unclear": {"fd": 60.0},
    }
    figures = {"p": p, "fd": 10.0, "chroma": 0.8, "onsets": 0.8, "change_db": 9.0, **wrong.get(kind, {})}
    made = Judgement(fd_source=50.0, recordings=4, **figures)
    assert made.kind == kind
    return made


def result(there: str = "moved", score: float = 0.9, back: float = 0.5) -> ValidationResult:
    def direction(kind: str, value: float) -> ValidatedDirection:
        return ValidatedDirection(judgement(kind), CheckpointScore(*[value] * 6, kept={"harmony": 1.0}))

    return ValidationResult({"x2y": direction(there, score), "y2x": direction("moved", back)})


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("copies", "only copies its input"),
        ("collapsed", "whatever goes in, nearly the same comes out"),
        ("music lost", "what is played is lost"),
        ("words lost", "the words are lost"),
    ],
)
def test_a_trouble_is_told_once_when_it_is_there_twice(kind: str, words: str) -> None:
    stopping = EarlyStopping(0, NAMES)
    told = [stopping.update(step, result(kind), counts=True) for step in (250, 500, 750)]
    assert told[0] == told[2] == []
    assert len(told[1]) == 1
    assert told[1][0].startswith("step 500, violin to piano:")
    assert words in told[1][0]
    (last,) = stopping.final_warnings(750, result(kind), {"x2y": 750, "y2x": 250})
    assert last.startswith("step 750, violin to piano:")
    assert "export" not in last
    assert stopping.final_warnings(750, result(), {"x2y": 750, "y2x": 750}) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("style not moved", "the style hardly moved (a classifier takes 5% of it"),
        ("unclear", "it is not clear that the style moved (a classifier takes 90% of it"),
    ],
)
def test_a_style_that_has_not_moved_is_told_of_at_the_end_alone(kind: str, words: str) -> None:
    stopping = EarlyStopping(0, NAMES)
    assert [stopping.update(step, result(kind), counts=True) for step in (250, 500, 750)] == [[]] * 3
    (told,) = stopping.final_warnings(800, result(kind), {"x2y": 250, "y2x": 800})
    assert told.startswith(f"step 800, violin to piano: {words}")
    assert told.endswith("; `styleshift export` takes step 250")


def test_a_swing_is_no_trouble() -> None:
    stopping = EarlyStopping(0, NAMES)
    kinds = ("copies", "moved", "copies", "moved")
    assert [stopping.update(step, result(kind), counts=True) for step, kind in enumerate(kinds, start=1)] == [
        []
    ] * 4


def test_a_run_that_gets_no_better_is_left_alone() -> None:
    """Once it was said that more steps might not help, where the last of them were the best by far."""
    stopping = EarlyStopping(0, NAMES)
    told = [stopping.update(250 * number, result(score=0.8), counts=True) for number in range(12)]
    assert told == [[]] * 12
    assert not stopping.should_stop


def test_either_direction_keeps_a_run_going() -> None:
    stopping = EarlyStopping(2, NAMES)
    for step in range(6):
        stopping.update(step, result(score=0.8, back=0.1 * step), counts=True)
    assert not stopping.should_stop
    stopping.update(6, result(score=0.8, back=0.1), counts=True)
    (told,) = stopping.update(7, result(score=0.8, back=0.1), counts=True)
    assert "step 0 is the best of violin to piano (0.80 of 1)" in told
    assert "step 5 is the best of piano to violin (0.50 of 1)" in told


def test_patience_ends_the_run_and_a_better_judgement_restores_it() -> None:
    stopping = EarlyStopping(3, NAMES)
    stopping.update(0, result(score=0.6), counts=True)
    for step in (1, 2):
        assert stopping.update(step, result(score=0.6), counts=True) == []
    stopping.update(3, result(score=0.7), counts=True)
    for step in (4, 5):
        stopping.update(step, result(score=0.7), counts=True)
        assert not stopping.should_stop
    told = stopping.update(6, result(score=0.65), counts=True)
    assert stopping.should_stop
    assert "step 3" in told[0]
    assert "the run ends here" in told[0]


def test_the_warm_start_takes_no_patience() -> None:
    stopping = EarlyStopping(1, NAMES)
    for step in range(5):
        stopping.update(step, result(score=0.6), counts=False)
    assert not stopping.should_stop


def test_it_goes_on_where_it_was() -> None:
    whole, parts = EarlyStopping(4, NAMES), EarlyStopping(4, NAMES)
    for step in range(4):
        one = whole.update(step, result("copies", score=0.9 - step / 10), counts=True)
        other = parts.update(step, result("copies", score=0.9 - step / 10), counts=True)
        assert one == other
        after = EarlyStopping(4, NAMES)
        after.load_state_dict(json.loads(json.dumps(parts.state_dict())))
        parts = after
    assert not parts.should_stop
    parts.update(9, result(score=0.5), counts=True)
    assert parts.should_stop
    again = EarlyStopping(4, NAMES)
    again.load_state_dict(parts.state_dict())
    assert not again.should_stop  # who goes on all the same gets as long again


def test_one_score_of_both_directions_is_no_score_to_beat() -> None:
    stopping = EarlyStopping(2, NAMES)
    stopping.load_state_dict({"row": {"x2y": ["moved", 1]}, "best": 0.95, "best_step": 40, "since": 1})
    for step in (50, 51, 52):
        assert not stopping.should_stop
        told = stopping.update(step, result(score=0.6), counts=True)
    assert "step 50 is the best of violin to piano (0.60 of 1)" in told[0]


# Nothing is learned, and a generator that adds nothing gives back its input.
COPY = (
    "optimiser.generator_lr=0",
    "data.normalisation=shared",
    "schedule.validation_seconds=2",
    "schedule.steps=40",
)


def lines(folder: Path, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    return [line for line in found if line["event"] == event]


def test_a_run_that_copies_says_so_and_ends_when_patience_does(
    fresh: Workspace, tiny_recipe: Callable[..., Recipe]
) -> None:
    listener = Told()
    recipe = tiny_recipe(*COPY, "schedule.patience=3")
    result = start_run(fresh, ("low", "high"), recipe, reporter=listener)
    judged = [line["step"] for line in lines(result.folder, "validated")]
    every = lines(result.folder, "validated")
    best = max(
        max(every, key=lambda line: (line[direction]["score"], -line["step"]))["step"]
        for direction in ("x2y", "y2x")
    )
    assert result.step == best + 3 * 2 < 40
    assert judged == list(range(0, result.step + 1, 2))  # none twice
    assert len(lines(result.folder, "end")) == 1
    during = [line["message"] for line in lines(result.folder, "warning")]
    assert sum("only copies its input" in text for text in during) == 2  # once each direction
    assert any("low to high" in text for text in during)
    assert "the run ends here" in during[-1]
    assert set(during) < set(listener.warnings)


def test_an_interrupted_run_ends_where_a_whole_one_does(
    fresh: Workspace, tiny_recipe: Callable[..., Recipe]
) -> None:
    """Stopped between two judgements, which gives one more that must not count."""

    class Interrupter(Told):
        def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
            steps = iter(range(1000))

            class Watching(Task):
                def advance(self, amount: float = 1.0, **figures: float | str) -> None:
                    if label == "training" and next(steps) == 5:
                        os.kill(os.getpid(), signal.SIGINT)

            return Watching()

    recipe = tiny_recipe(*COPY, "schedule.patience=4")
    whole = start_run(fresh, ("low", "high"), recipe, name="whole")
    with pytest.raises(Interrupted):
        start_run(fresh, ("low", "high"), recipe, name="halves", reporter=Interrupter())
    halves = resume_run(fresh, "halves")
    assert lines(halves.folder, "validated")[3]["step"] == 5  # after 0, 2 and 4
    assert halves.step == whole.step < 40
    again = resume_run(fresh, "halves")
    assert again.step == halves.step + 4 * 2
