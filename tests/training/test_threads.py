"""The number of threads that trains on a CPU is the fastest, found by a trial, and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import torch
from reporters import Told

from styleshift.progress import Reporter
from styleshift.recipes import Recipe, load_recipe
from styleshift.training import run, threads
from styleshift.training.run import resume_run, start_run
from styleshift.training.threads import candidates, choose_threads, fewest, use_threads
from styleshift.training.translator import Translator
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("most", "tried"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (8, [1, 2, 4, 8]), (12, [1, 2, 4, 8, 12])]
)
def test_powers_of_two_and_all_are_tried(most: int, tried: list[int]) -> None:
    assert candidates(most) == tried


def test_the_smallest_that_is_nearly_as_fast_as_the_fastest_is_taken() -> None:
    assert fewest({1: 1.0, 2: 0.6, 4: 0.35, 8: 0.34}) == 4
    assert fewest({1: 1.0, 2: 0.95}) == 1
    assert fewest({1: 1.0, 2: 4.0}) == 1
    assert fewest({1: 1.0, 2: 0.55}) == 2


def test_a_trial_measures_every_number_and_leaves_random_numbers_alone(tiny_recipe: Tiny) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    found = threads._trial(tiny_recipe("schedule.threads=0"), [1, 2])
    assert torch.equal(torch.rand(4), expected)
    assert set(found) == {1, 2}
    assert min(found.values()) > 0


def test_a_recipe_or_the_environment_that_says_how_many_is_obeyed(
    tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> dict[int, float]:
        raise AssertionError("nothing was to be tried")

    monkeypatch.setattr(threads, "_trial", never)
    assert choose_threads(tiny_recipe("schedule.threads=1"), Reporter()).schedule.threads == 1
    assert torch.get_num_threads() == 1
    torch.set_num_threads(2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert choose_threads(tiny_recipe("schedule.threads=0"), Reporter()).schedule.threads == 2


def test_a_trial_is_short_whatever_the_recipe_s_crops(
    tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = Translator.translate

    def translate(self: Translator, crops: torch.Tensor) -> torch.Tensor:
        seen.append(crops.shape[3])
        return real(self, crops)

    monkeypatch.setattr(Translator, "translate", translate)
    monkeypatch.setattr(threads, "FRAMES", 70)
    threads._trial(tiny_recipe("data.crop_frames=128"), [1])
    threads._trial(tiny_recipe("data.crop_frames=64"), [1])
    assert seen == [64] * 2 * (1 + threads.ROUNDS)


def test_a_run_says_how_many_and_goes_on_with_them(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_trial", lambda *_: {1: 1.0, 2: 4.0})
    told = Told()
    result = start_run(fresh, PAIR, tiny_recipe("schedule.threads=0", "schedule.steps=2"), reporter=told)
    assert any(text.startswith("1 of 2 threads") for text in told.infos)
    assert any("cpu (1 thread)" in text for text in told.infos)
    kept = json.loads((result.folder / "run.json").read_text("utf-8"))
    assert kept["recipe"]["schedule"]["threads"] == 1

    torch.set_num_threads(2)
    resume_run(fresh, steps=3)
    assert torch.get_num_threads() == 1


def test_a_run_from_a_larger_machine_is_warned_of(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    start_run(fresh, PAIR, tiny_recipe("schedule.threads=2", "schedule.steps=1"))
    monkeypatch.setattr(run, "processors", lambda: 2)
    resume_run(fresh, steps=2, reporter=told)
    assert told.warnings == []
    monkeypatch.setattr(run, "processors", lambda: 1)
    resume_run(fresh, steps=3, reporter=told)
    assert any("2 threads (schedule.threads), more than the 1 processors" in text for text in told.warnings)


def test_beside_a_gpu_a_few_threads_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    used: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    use_threads(load_recipe("small"), torch.device("cuda"))
    use_threads(load_recipe("small"), torch.device("cpu"))
    use_threads(load_recipe("small", ["schedule.threads=7"]), torch.device("cuda"))
    assert used == [4, 7]
