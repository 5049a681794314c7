"""Models of a recipe's size that nothing was taught."""

from __future__ import annotations

import torch

from styleshift.hooks.registry import load_registry
from styleshift.recipes import Recipe
from styleshift.training.checkpoint import TrainedModel, blank_statistics
from styleshift.training.directions import DIRECTIONS
from styleshift.training.model import CycleGAN

CHANGE = 0.1  # the spectra then change as much as those of the models that ship


def untrained(recipe: Recipe) -> TrainedModel:
    """A network of the recipe's size, which asks for other magnitudes, as a trained one does.

    One that begins as the identity would leave the vocoder nothing to do. Beyond that it does not matter what
    it computes.
    """
    torch.manual_seed(0)
    model = CycleGAN(recipe, *blank_statistics(recipe)).eval().requires_grad_(False)
    for weights in model.parameters():
        if not weights.any():
            torch.nn.init.normal_(weights, std=CHANGE)
    multiple = load_registry().generators.get(recipe.generator.name).time_multiple
    return TrainedModel(
        recipe=recipe,
        domains=("a", "b"),
        translators={direction: model.translator(direction, averaged=True) for direction in DIRECTIONS},
        checkpoints={direction: {"step": 0, "seconds": 0.0} for direction in DIRECTIONS},
        time_multiple=multiple,
        provenance={},
        requires=[],
    )
