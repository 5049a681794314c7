"""A step can be captured: it asks the device for nothing, sends it nothing, and always does the same.

Of styleshift.training.step and styleshift.training.inputs. The device is PyTorch's `meta`, which has
shapes and no values: whatever reads one is an error there, as in the capture of a CUDA graph.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from styleshift.recipes import Recipe, load_recipe
from styleshift.training.data import Batch, Statistics
from styleshift.training.inputs import prepare
from styleshift.training.model import CycleGAN
from styleshift.training.state import TrainingState
from styleshift.training.step import take_step
from styleshift.voice.equaliser import SPOKEN
from styleshift.voice.phones import STATES
from styleshift.voice.pitch import cepstral_order

TINY = (
    "spectrogram.sample_rate=8000",
    "spectrogram.frame_length=128",
    "spectrogram.hop_length=64",
    "spectrogram.fft_length=128",
    "data.crop_frames=64",
    "schedule.steps=30",
    "schedule.batch=3",
)
BANDED = ("generator.bands=16", "generator.levels=2", "discriminator.bands=16", "discriminator.layers=2")
NARROW = ("generator.channels=4", "discriminator.channels=4")
PLAIN = ("generator.channels=4", "generator.blocks=1", "discriminator.channels=4")
RECIPES = {
    "small": ("small", *BANDED, *NARROW),
    "music": ("music", *BANDED, *NARROW, "generator.detail=8"),
    "seed": ("seed", *PLAIN),
    "voice": (
        "voice",
        "warm_start.self_pairs=true",
        *BANDED,
        *NARROW,
        "spectrogram.sample_rate=16000",
        "spectrogram.frame_length=1024",
        "spectrogram.fft_length=1024",
        "spectrogram.hop_length=256",
    ),
    "drums": ("small", *BANDED, *NARROW, "percussion.damp_db=24"),
    "every loss": (
        "small",
        *BANDED,
        *NARROW,
        *("loss.second_adversarial=1", "loss.cycle_noise=0.1", "loss.identity=2", "loss.identity_until=0.5"),
        *("loss.patch_nce=1", "loss.patch_nce_identity=1", "loss.feature_matching=1", "loss.r1=1"),
        *("loss.spectral_flux=1", "optimiser.frame_mask=0.3", "loss.patch_nce_patches=16"),
    ),
}


def recipe_of(name: str) -> Recipe:
    recipe, *settings = RECIPES[name]
    warm = [] if recipe == "seed" else ["warm_start.share=0.2"]
    return load_recipe(recipe, [*TINY, *warm, *settings])


def begin(recipe: Recipe, device: str = "cpu") -> TrainingState:
    torch.manual_seed(0)
    mean = torch.full((recipe.spectrogram.bins,), 3.0)
    ways = torch.full((recipe.spectrogram.bins, STATES), 0.1) if recipe.phones.by else None
    means = torch.zeros(SPOKEN, cepstral_order(recipe.spectrogram)), torch.zeros(SPOKEN)
    spoken = means if recipe.phones.equalised else None
    x, y = (
        Statistics(mean + side, 1.5, 2.0, 8.0, 150.0 + side, moved=mean + side, ways=ways, spoken=spoken)
        for side in (0, 1)
    )
    return TrainingState(recipe, CycleGAN(recipe, x, y).to(device), 0)


def batch_of(state: TrainingState, seed: int) -> Batch:
    recipe = state.recipe
    random = torch.Generator().manual_seed(seed)
    shape = (recipe.schedule.batch, 1, recipe.spectrogram.bins, recipe.data.crop_frames)
    x, y, *likes = ((3 + torch.randn(shape, generator=random).abs()).to(state.device) for _ in range(4))
    if recipe.warm_start.self_pairs:
        return Batch(x, y, matched_bins={"x2y": y, "y2x": x}, given={"x2y": likes[0], "y2x": likes[1]})
    matched = {} if state.bands is None else {"x2y": state.bands(likes[0]), "y2x": state.bands(likes[1])}
    return Batch(x, y, matched_bands=matched)


class Watch(TorchDispatchMode):
    """Writes down every operation with the shapes that it makes, and every one that changes the device."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, tuple[tuple[int, ...], ...]]] = []
        self.transfers: list[str] = []

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Adam's kernel has no stand-in there, and works in place.
        made = None if "fused_adam" in str(operation) else operation(*args, **(kwargs or {}))
        given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        out = [value for value in tree_leaves(made) if isinstance(value, Tensor)]
        if len({value.device for value in given + out}) > 1:
            self.transfers.append(str(operation))
        self.done.append((str(operation), tuple(tuple(value.shape) for value in out)))
        return made


@pytest.fixture
def no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """What training asks PyTorch for that it does not have for the device `meta`."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    for place in ("torch.optim.optimizer", "torch.optim.adam"):
        if hasattr(sys.modules[place], "_get_fused_kernels_supported_devices"):
            monkeypatch.setattr(sys.modules[place], "_get_fused_kernels_supported_devices", lambda: ["meta"])


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_asks_nothing_sends_nothing_and_is_always_the_same(name: str, no_values: None) -> None:
    state = begin(recipe_of(name), "meta")
    assert state.device.type == "meta"
    kinds: dict[Any, list[Any]] = {}
    for state.step in (0, 1, 2, 8, 9, 10, 26, 27, 28) if name == "every loss" else (0, 1, 2, 8, 9, 10):
        inputs = prepare(state, batch_of(state, state.step)).on(state.device)
        with Watch() as watch:
            take_step(state, inputs)
        assert watch.transfers == []
        state.warmed = not inputs.phase.warming
        kinds.setdefault(inputs.phase, []).append(watch.done)
    # Two phases: a warm start and what follows, or with an identity loss that fades one more.
    assert len(kinds) == {"seed": 1, "every loss": 3}.get(name, 2)
    for steps in kinds.values():
        assert steps[2] == steps[1]  # the first also makes Adam's moments and the places for past fakes


@pytest.mark.parametrize("read", [Tensor.item, Tensor.cpu, Tensor.nonzero, Tensor.tolist])
def test_it_would_be_seen(read: Callable[[Tensor], Any], no_values: None) -> None:
    """The test above fails for a network that reads from the device."""
    state = begin(recipe_of("small"), "meta")
    state.model.translator("x2y").core.register_forward_hook(
        lambda *given: read(given[2].sum()) and None  # type: ignore[func-returns-value]
    )
    inputs = prepare(state, batch_of(state, 0)).on(state.device)
    with Watch() as watch:
        try:
            take_step(state, inputs)
        except (RuntimeError, NotImplementedError):
            return
    assert watch.transfers
