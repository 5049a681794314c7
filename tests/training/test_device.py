"""How a device computes: TF32 where the recipe says so, torch.compile where it is asked for and works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from reporters import Told

from styleshift.errors import ConfigError
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.device import (
    choose_device,
    enough_memory,
    exact_products,
    settle_arithmetic,
    tell_kernels,
)
from styleshift.training.run import start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")


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


@pytest.mark.parametrize(("device", "inside"), [("cuda", False), ("cpu", True)])
def test_exact_products_are_one_setting_for_all_threads(device: str, inside: bool) -> None:
    """A thread that matches frames on the CPU must not turn TF32 off under a training on a GPU."""
    setting = torch.backends.cuda.matmul
    before, setting.allow_tf32 = setting.allow_tf32, True
    try:
        with exact_products(torch.device(device)):
            assert setting.allow_tf32 is inside
        assert setting.allow_tf32 is True
    finally:
        setting.allow_tf32 = before


def test_tf32_is_what_the_recipe_says_and_sums_have_one_order() -> None:
    places = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before, order = [place.allow_tf32 for place in places], torch.backends.cudnn.deterministic
    sums = torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    torch.backends.cudnn.benchmark = True
    try:
        for wanted in (True, False, True):
            settle_arithmetic(load_recipe("small", [f"schedule.tf32={wanted}".lower()]))
            assert [place.allow_tf32 for place in places] == [wanted, wanted]
            # Or resumed runs would end with other bits.
            assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (True, False)
            assert torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction is False
    finally:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = order, False
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = sums
        for place, value in zip(places, before, strict=True):
            place.allow_tf32 = value


@pytest.mark.parametrize("where", ["measure", "train_step"])
def test_a_gpu_that_is_too_small_is_told_with_what_to_lower(
    where: str, fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the run is prepared, and in a step."""

    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nand more")

    module = {"measure": "run", "train_step": "trainer"}[where]
    monkeypatch.setattr(f"styleshift.training.{module}.{where}", full)
    with pytest.raises(ConfigError) as caught:
        start_run(fresh, PAIR, tiny_recipe("schedule.batch=4", "data.crop_frames=64"))
    assert caught.value.message == (
        "the GPU's memory is too small for 4 crops of 0.5 s a step with the networks of recipe small"
    )
    assert caught.value.hint == (
        "fewer crops: `schedule.batch=2`; shorter ones: `data.crop_frames=32`; or end what else uses the GPU"
    )
    for log in fresh.runs.glob("*/log.jsonl"):
        assert '"failed"' in log.read_text().splitlines()[-1]


def test_a_single_crop_can_only_be_shorter(tiny_recipe: Tiny) -> None:
    recipe = tiny_recipe("schedule.batch=1", "data.crop_frames=64")
    with pytest.raises(ConfigError) as caught, enough_memory(recipe):
        raise torch.OutOfMemoryError
    assert caught.value.hint.startswith("shorter ones")


def test_a_gpu_without_our_kernels_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr("styleshift.training.device.gpu_problem", lambda: "no C compiler")
    tell_kernels(torch.device("cpu"), told)
    assert told.warnings == []
    tell_kernels(torch.device("cuda"), told)
    assert told.warnings == [
        "norms and activations are not fused on this GPU (no C compiler); steps take longer"
    ]


def test_devices() -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(ConfigError, match="it may be auto, cpu, cuda"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="no GPU"):
            choose_device("cuda")


def test_a_gpu_beyond_the_last_is_refused_with_what_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(ConfigError, match="the last GPU here is cuda:1") as caught:
        choose_device("cuda:2")
    assert "device=cuda" in caught.value.hint
