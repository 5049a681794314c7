"""The networks of a run."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from styleshift.errors import ConfigError
from styleshift.hooks.registry import load_registry
from styleshift.recipes import Recipe
from styleshift.training.data import Statistics
from styleshift.training.directions import DIRECTIONS
from styleshift.training.patch_nce import ProjectionHeads
from styleshift.training.translator import Translator, make_scales, make_translator


class CycleGAN(nn.Module):
    """Both generators and all discriminators of a run.

    Attributes:
        translators: ``x2y`` (G) and ``y2x`` (F).
        averages: the same, with averaged weights; empty where the recipe has no EMA.
        discriminators: ``x`` and ``y``, and ``x_cycled`` and ``y_cycled`` where the recipe has a second
            adversarial loss.
        heads: of each direction, what its contrastive loss is taken in; empty where the recipe has none.

    Raises:
        ConfigError: an unknown option, or a crop that does not suit them.
        PluginError: no such generator or discriminator.
    """

    def __init__(self, recipe: Recipe, x: Statistics, y: Statistics) -> None:
        super().__init__()
        frames = recipe.data.crop_frames
        wanted = recipe.generator
        spec, options = load_registry().generators.configured(wanted.name, wanted.options)
        smallest = 4 * spec.time_multiple
        if frames % spec.time_multiple or frames < smallest:
            raise ConfigError(
                f"data.crop_frames is {frames}; generator {spec.name} needs a multiple of "
                f"{spec.time_multiple}, at least {smallest}"
            )
        scales = make_scales(recipe, x, y)
        self.translators = nn.ModuleDict()
        for direction, (mine, other) in zip(DIRECTIONS, ((x, y), (y, x)), strict=True):
            core = spec.build(options, recipe.spectrogram)
            self.translators[direction] = make_translator(recipe, core, *scales, mine, other)
            scales = scales[::-1]
        self.averages = nn.ModuleDict()
        if recipe.optimiser.ema_decay:
            self.averages = copy.deepcopy(self.translators).requires_grad_(False)
        self.heads = nn.ModuleDict()
        if recipe.loss.patch_nce or recipe.loss.patch_nce_identity:
            for direction in DIRECTIONS:
                self.heads[direction] = ProjectionHeads(self.translator(direction).core, recipe)
        wanted = recipe.discriminator
        critic, options = load_registry().discriminators.configured(wanted.name, wanted.options)
        sides = ["x", "y"] + (["x_cycled", "y_cycled"] if recipe.loss.second_adversarial else [])
        self.discriminators = nn.ModuleDict(
            {side: critic.build(options, recipe.spectrogram, frames) for side in sides}
        )

    def translator(self, direction: str, averaged: bool = False) -> Translator:
        """The translator of ``x2y`` or ``y2x``; the one to use, where ``averaged``."""
        found = (self.best() if averaged else self.translators)[direction]
        assert isinstance(found, Translator)
        return found

    def projections(self, direction: str) -> ProjectionHeads:
        """What the contrastive loss of a direction is taken in."""
        heads = self.heads[direction]
        assert isinstance(heads, ProjectionHeads)
        return heads

    def patch_nce(self, direction: str, source: Tensor, converted: Tensor, places: list[Tensor]) -> Tensor:
        """The contrastive loss between what went into a direction and what came out, both normalised."""
        return self.projections(direction).loss(self.translator(direction).core, source, converted, places)

    def generating(self) -> nn.ModuleList:
        """All that the generators' optimiser moves."""
        return nn.ModuleList([self.translators, self.heads])

    def discriminate(self, side: str, crops: Tensor) -> Tensor:
        """Logits ``[batch, patches]`` float32 of one discriminator."""
        logits: Tensor = self.discriminators[side](crops)
        return logits.float()

    def features(self, side: str, crops: Tensor) -> list[Tensor]:
        """What the layers of one discriminator give."""
        found: list[Tensor] = self.discriminators[side].features(crops)  # type: ignore[operator]
        return [part.float() for part in found]

    def best(self) -> nn.ModuleDict:
        """The generators to use: averaged where there is an average."""
        return self.averages if len(self.averages) else self.translators

    @torch.no_grad()
    def update_averages(self, weight: Tensor) -> None:
        """One step of the exponential moving average of the generators' weights (Yazici et al. 2019).

        Args:
            weight: scalar on the device, how much of the new weights comes in: one less the decay.
        """
        if len(self.averages):
            averaged: list[Tensor] = list(self.averages.parameters())
            newest: list[Tensor] = list(self.translators.parameters())
            if weight.device.type == "cuda":
                move_towards(averaged, newest, weight)
            else:
                torch._foreach_lerp_(averaged, newest, [weight] * len(averaged))


def move_towards(values: list[Tensor], others: list[Tensor], weight: Tensor) -> None:
    """Move each value a share of its way to the other: three kernels, where ``lerp`` takes one for each."""
    distances = torch._foreach_sub(others, values)
    torch._foreach_mul_(distances, weight)
    torch._foreach_add_(values, distances)
