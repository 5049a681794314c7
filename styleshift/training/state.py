"""The state of a training between two steps: networks, optimisers, past fakes, random numbers, counts."""

from __future__ import annotations

import torch
from torch import nn

from styleshift.networks.kernels import keeps_channels_last
from styleshift.networks.layers import Bands, InstanceNorm2d
from styleshift.recipes import Recipe
from styleshift.recipes.settings import OptimiserConfig
from styleshift.training.device import computes_bfloat16
from styleshift.training.distributed import ProcessGroup
from styleshift.training.extras import build_losses
from styleshift.training.model import CycleGAN
from styleshift.training.replay import ReplayBuffer


class TrainingState:
    """Everything that a step reads or changes; what a checkpoint holds, apart from the sources of crops.

    Args:
        recipe: the experiment.
        model: all networks, on the device that trains.
        seed: of the random numbers; each rank has its own.
        group: processes that train this model together; None: there is one.

    Attributes:
        generator_optimiser: of both generators.
        discriminator_optimiser: of all discriminators.
        random: of every random choice in a step, on the CPU.
        replay: past fakes of each side.
        bands: what matched frames are compared in; None where none are matched.
        losses: that the recipe names beside the built-in ones, with their weights.
        device: where the networks are.
        half: forward passes run in bfloat16.
        step: steps done.
        seconds: spent on them, over all sessions.
        warmed: the warm start is over, and stays so where the run is made longer.
        should_stop: the run ends here, whatever its schedule says.
    """

    def __init__(self, recipe: Recipe, model: CycleGAN, seed: int, group: ProcessGroup | None = None) -> None:
        settings, matching, precision = recipe.optimiser, recipe.warm_start, recipe.schedule.precision
        self.recipe, self.model, self.group = recipe, model, group or ProcessGroup()
        self.device = next(model.parameters()).device
        self.half = precision == "bfloat16" or (precision == "auto" and computes_bfloat16(self.device))
        if self.half:
            _channels_last(model, self.device, ours=not recipe.schedule.compile)
        self.generator_optimiser = _adam(model.generating(), settings.generator_lr, settings)
        self.discriminator_optimiser = _adam(model.discriminators, settings.discriminator_lr, settings)
        self.random = torch.Generator().manual_seed(seed + 1_000_003 * self.group.rank)
        self.replay = {side: ReplayBuffer(settings.replay_buffer) for side in model.discriminators}
        self.bands = Bands(recipe.spectrogram, matching.bands).to(self.device) if matching.used else None
        self.losses = build_losses(recipe, self.device)
        self.step, self.seconds = 0, 0.0
        self.warmed = self.should_stop = False

    @property
    def warming(self) -> bool:
        """The generators learn alone, from matched frames."""
        return not self.warmed and self.progress < self.recipe.warm_start.share

    @property
    def progress(self) -> float:
        """How much of the run is done, from 0 to 1: by steps or by minutes, whichever is further on."""
        if self.should_stop:
            return 1.0
        schedule = self.recipe.schedule
        by_steps = self.step / schedule.steps if schedule.steps else 0.0
        by_time = self.seconds / (60 * schedule.minutes) if schedule.minutes else 0.0
        return min(1.0, max(by_steps, by_time))


def _adam(networks: nn.Module, rate: float, settings: OptimiserConfig) -> torch.optim.Optimizer:
    weights = list(networks.parameters())
    device = weights[0].device
    betas, captured = (settings.beta1, settings.beta2), device.type == "cuda"
    optimiser = torch.optim.Adam(weights, rate, betas, fused=True, capturable=captured)
    # A captured step reads the rate where it lies. The CPU's kernel takes it in float64, a GPU's in float32.
    precise = torch.float64 if device.type == "cpu" else torch.float32
    for group in optimiser.param_groups:
        group["lr"] = torch.tensor(rate, dtype=precise, device=device)
    return optimiser


def _channels_last(model: CycleGAN, device: torch.device, ours: bool) -> None:
    """Channels innermost in memory: convolutions in bfloat16 take a half to a third of the time so.

    Not where PyTorch's instance norm would turn every output over and back again: where ``ours`` is not used,
    or cannot be.
    """
    for networks in (model.translators, model.averages, model.discriminators):
        for network in networks.values():
            if all(
                ours and isinstance(part, InstanceNorm2d) and keeps_channels_last(part.num_features, device)
                for part in network.modules()
                if isinstance(part, nn.InstanceNorm2d)
            ):
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
