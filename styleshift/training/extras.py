"""Losses and augmentations that a recipe names beside the built-in ones; packages bring them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from styleshift.errors import ConfigError
from styleshift.hooks.registry import load_registry
from styleshift.recipes import Recipe
from styleshift.training.data import Batch
from styleshift.training.device import sent

TensorPair = Callable[[Tensor, Tensor], Tensor]


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


class Augmentations:
    """Vary the crops of a batch further; what matches a crop stays.

    Args:
        recipe: names the augmentations.
        device: where they are varied; crops that are not there yet are sent there.

    Raises:
        PluginError: there is no augmentation of a name.
        ConfigError: it has no such option.
    """

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self._device = device
        self._augmentations = []
        for name, options in recipe.augmentations.items():
            spec, config = load_registry().augmentations.configured(name, options)
            self._augmentations.append(spec.build(config, recipe.spectrogram, device))

    def __call__(self, batch: Batch, random: torch.Generator) -> Batch:
        """The batch with other crops; ``random`` is on the CPU."""
        return replace(batch, x=self._varied(batch.x, random), y=self._varied(batch.y, random))

    def _varied(self, crops: Tensor, random: torch.Generator) -> Tensor:
        crops = sent(crops, self._device)
        for augment in self._augmentations:
            crops = augment(crops, sent(torch.rand(crops.shape, generator=random), self._device))
        return crops
