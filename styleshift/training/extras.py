"""Losses and augmentations that a recipe names beside the built-in ones; packages bring them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from styleshift.errors import ConfigError
from styleshift.hooks.experiment import AugmentationSpec, LossSpec
from styleshift.hooks.registry import Registered, load_registry
from styleshift.recipes import Recipe
from styleshift.training.data import Batch, BatchSource
from styleshift.training.device import sent

TensorPair = Callable[[Tensor, Tensor], Tensor]


def loss_entries(recipe: Recipe) -> list[Registered[LossSpec]]:
    """The losses that the recipe names; raises PluginError where there is none of a name."""
    return [load_registry().losses.entry(name) for name in recipe.losses]


def augmentation_entries(recipe: Recipe) -> list[Registered[AugmentationSpec]]:
    """The augmentations that the recipe names; raises PluginError where there is none of a name."""
    return [load_registry().augmentations.entry(name) for name in recipe.augmentations]


def build_losses(recipe: Recipe, device: torch.device) -> dict[str, tuple[float, TensorPair]]:
    """Weight and function by name; see :class:`styleshift.hooks.LossSpec`.

    Raises:
        PluginError: there is no loss of a name.
        ConfigError: a weight is no number from 0, or a loss has no such option.
    """
    built: dict[str, tuple[float, TensorPair]] = {}
    for name, table in recipe.losses.items():
        options = dict(table)
        weight = options.pop("weight", 1.0)
        if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 <= weight < float("inf"):
            raise ConfigError(f"losses.{name}.weight is {weight!r}; it must be a number from 0")
        spec, config = load_registry().losses.configured(name, options)
        built[name] = (float(weight), partial(_exactly, spec.build(config, recipe.spectrogram, device)))
    return built


def _exactly(loss: TensorPair, source: Tensor, converted: Tensor) -> Tensor:
    """In float32, whatever the networks compute in."""
    with torch.autocast(converted.device.type, enabled=False):
        return loss(source.float(), converted.float())


class Augmented:
    """Batches of another source whose crops are varied further; what matches a crop stays.

    Args:
        source: of the batches.
        recipe: names the augmentations.
        device: where they are varied; crops that are not there yet are sent there.

    Raises:
        PluginError: there is no augmentation of a name.
        ConfigError: it has no such option.
    """

    def __init__(self, source: BatchSource, recipe: Recipe, device: torch.device) -> None:
        self._source = source
        self._device = device
        configured = load_registry().augmentations.configured
        chosen = [configured(name, options) for name, options in recipe.augmentations.items()]
        self._augmentations = [spec.build(config, recipe.spectrogram, device) for spec, config in chosen]

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`styleshift.training.data.BatchSource`."""
        batch = self._source.batch(count, random)
        return replace(batch, x=self._varied(batch.x, random), y=self._varied(batch.y, random))

    def _varied(self, crops: Tensor, random: torch.Generator) -> Tensor:
        crops = sent(crops, self._device)
        for augment in self._augmentations:
            crops = augment(crops, sent(torch.rand(crops.shape, generator=random), self._device))
        return crops

    def state_dict(self) -> Any:
        """See :class:`styleshift.training.data.BatchSource`."""
        return self._source.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """See :class:`styleshift.training.data.BatchSource`."""
        self._source.load_state_dict(state)
