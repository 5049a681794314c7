"""Losses and augmentations that a recipe names are found, built and weighed; what is wrong is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from styleshift.errors import ConfigError, PluginError
from styleshift.hooks import AugmentationSpec, LossSpec, load_registry
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.data import Batch
from styleshift.training.extras import Augmentations, build_losses

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Options:
    power: float = 1.0


def distance(options: Options, spectrogram: Any, device: torch.device) -> Any:
    return lambda source, converted: (source - converted).abs().pow(options.power).mean()


def louder(options: Options, spectrogram: Any, device: torch.device) -> Any:
    return lambda crops, random: crops + options.power * random[:, :1, :1, :1]


@pytest.fixture(autouse=True)
def brought(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = load_registry()
    for shelf in (registry.losses, registry.augmentations):
        monkeypatch.setattr(shelf, "_entries", dict(shelf.entries()))
    registry.losses.add(LossSpec("distance", "a test", distance, Options), "a-test", "1")
    registry.augmentations.add(AugmentationSpec("louder", "a test", louder, Options), "a-test", "1")


def recipe(*overrides: str) -> Recipe:
    return load_recipe("seed", list(overrides))


def test_a_loss_has_its_weight_and_its_options() -> None:
    built = build_losses(recipe("losses.distance.weight=3", "losses.distance.power=2"), CPU)
    weight, loss = built["distance"]
    assert weight == 3
    one = torch.ones(2, 1, 3, 4, requires_grad=True)
    assert loss(3 * torch.ones(2, 1, 3, 4), one).item() == 4
    with torch.autocast("cpu", torch.bfloat16):
        assert loss(one.bfloat16(), one).dtype == torch.float32
    assert build_losses(recipe("losses.distance.power=1"), CPU)["distance"][0] == 1


@pytest.mark.parametrize(
    ("override", "error", "said"),
    [
        ("losses.far.weight=1", PluginError, "there is no loss 'far'; available: distance"),
        (
            "losses.distance.weight=-1",
            ConfigError,
            "losses.distance.weight is -1; it must be a number from 0",
        ),
        ("losses.distance.weight=much", ConfigError, "losses.distance.weight is 'much'"),
        ("losses.distance.powr=1", ConfigError, "loss distance has no option 'powr'"),
    ],
)
def test_what_is_wrong_with_a_loss_is_told(override: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        build_losses(recipe(override), CPU)


ZEROS = Batch(torch.zeros(4, 1, 2, 3), torch.zeros(4, 1, 2, 3), matched_bands={"x2y": torch.ones(1)})


def test_crops_of_both_sides_are_varied_with_numbers_that_come_again() -> None:
    augment = Augmentations(recipe("augmentations.louder.power=2"), CPU)

    def drawn() -> tuple[Tensor, Tensor]:
        batch = augment(ZEROS, torch.Generator().manual_seed(0))
        assert batch.matched_bands == {"x2y": torch.ones(1)}
        return batch.x, batch.y

    x, y = drawn()
    assert len(set(torch.cat([x, y])[:, 0, 0, 0].tolist())) == 8
    assert x.min() >= 0
    assert x.max() <= 2
    assert all(torch.equal(one, again) for one, again in zip((x, y), drawn(), strict=True))
    with pytest.raises(PluginError, match="no augmentation 'softer'"):
        Augmentations(recipe("augmentations.softer.a=1"), CPU)


def test_crops_are_varied_on_the_device_that_the_augmentation_was_built_for() -> None:
    # As pairs come while a GPU holds the corpora: on the CPU.
    there = torch.device("meta")
    batch = Augmentations(recipe("augmentations.louder.power=2"), there)(ZEROS, torch.Generator())
    assert batch.x.device == batch.y.device == there
