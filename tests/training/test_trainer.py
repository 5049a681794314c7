"""A budget of time, and what is shown of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from styleshift.progress import Reporter, Task
from styleshift.recipes import Recipe
from styleshift.training.run import start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")


def test_time_budget_ends_the_run(fresh: Workspace, tiny_recipe: Tiny) -> None:
    began, bars = time.monotonic(), Bars()
    result = start_run(fresh, PAIR, tiny_recipe("schedule.steps=0", "schedule.minutes=0.02"), reporter=bars)
    assert result.seconds >= 1.2
    assert time.monotonic() - began < 20
    assert result.step > 1
    assert bars.begun == [("training", pytest.approx(1.2), "s")]  # so that it can show the time left
    assert bars.done == pytest.approx(result.seconds)
    assert bars.figures >= {"step", "steps/s", "generator", "cycle"}


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
