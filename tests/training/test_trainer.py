"""A budget of time, and what is shown of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from reporters import Told

from styleshift.progress import Reporter, Task
from styleshift.recipes import Recipe
from styleshift.training.curves import LOG_FILE
from styleshift.training.early_stopping import ENDS_WRONG
from styleshift.training.run import start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")


def test_time_budget_ends_the_run(fresh: Workspace, tiny_recipe: Tiny) -> None:
    bars = Bars()
    result = start_run(fresh, PAIR, tiny_recipe("schedule.steps=0", "schedule.minutes=0.02"), reporter=bars)
    assert result.seconds >= 1.2
    assert result.step > 1
    assert bars.begun == [("training", pytest.approx(1.2), "s")]  # so that it can show the time left
    assert bars.done == pytest.approx(result.seconds)
    assert bars.figures >= {"step", "steps/s", "generator", "cycle"}


def test_every_validation_is_said_and_which_steps_an_export_takes(
    fresh: Workspace, tiny_recipe: Tiny
) -> None:
    told = Told()
    recipe = tiny_recipe("schedule.steps=4", "schedule.save_every=2", "schedule.validation_seconds=1")
    result = start_run(fresh, PAIR, recipe, reporter=told)
    log = [json.loads(line) for line in (result.folder / LOG_FILE).read_text("utf-8").splitlines()]
    validated = [line for line in log if line["event"] == "validated"]
    assert [line["step"] for line in validated] == [0, 2, 4]
    for line in validated:
        there, back = (
            f"{line[way]['score']:.2f}" + f" ({line[way]['kind']})" * (line[way]["kind"] in ENDS_WRONG)
            for way in ("x2y", "y2x")
        )
        assert f"step {line['step']}, score of 1: low to high {there}, high to low {back}" in told.infos
    best = [max(validated, key=lambda line, way=way: line[way]["score"]) for way in ("x2y", "y2x")]
    taken = (
        f"low to high at step {best[0]['step']} ({best[0]['x2y']['score']:.2f} of 1), "
        f"high to low at step {best[1]['step']} ({best[1]['y2x']['score']:.2f} of 1)"
    )
    assert f"best in validation: {taken}" in told.infos
    assert taken in (result.folder / "index.html").read_text("utf-8")


class Bars(Reporter, Task):
    """Remembers what a bar would show."""

    def __init__(self) -> None:
        self.begun: list[object] = []
        self.done, self.figures = 0.0, set[str]()

    def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
        if label != "training":  # a phase before it
            return Task()
        self.begun.append((label, total, unit))
        return self

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        self.done += amount
        self.figures |= set(figures)
