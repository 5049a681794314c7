"""torch.compile, where it is asked for: the same numbers, or a sentence and training without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.run import start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")


class Told(Reporter):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_where_it_cannot_be_used_the_run_says_so_and_goes_on(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*_: Any, **__: Any) -> Callable[..., Any]:
        raise RuntimeError("no C++ compiler\nmore")

    monkeypatch.setattr(torch, "compile", without)
    told = Told()
    assert start_run(fresh, PAIR, tiny_recipe("schedule.compile=true"), reporter=told).step == 6
    assert told.warnings == [
        "schedule.compile: torch.compile cannot be used here (no C++ compiler); training continues without it"
    ]


def test_it_is_asked_for_only_where_the_recipe_wants_it(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def remember(module: torch.nn.Module, *_: Any, **__: Any) -> None:
        compiled.append(type(module).__name__)

    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(torch.nn.Module, "compile", remember)
    start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    assert compiled == []
    start_run(fresh, PAIR, tiny_recipe("schedule.steps=1", "schedule.compile=true"))
    assert compiled == ["ResidualGenerator"] * 2 + ["PatchDiscriminator"] * 2
