"""All that differs from one step to the next: drawn and scheduled before the step, read by it as tensors.

A step that decides nothing and asks the CPU for nothing can be captured once, as a CUDA graph, and replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from styleshift.training.data import Batch
from styleshift.training.device import page_locked, sent
from styleshift.training.directions import DIRECTIONS
from styleshift.training.state import TrainingState


class Phase(NamedTuple):
    """What steps of one kind have in common: the terms of the objective that they compute.

    Attributes:
        warming: the generators learn alone, from matched frames.
        identity: the identity loss still weighs something.
    """

    warming: bool
    identity: bool


@dataclass(frozen=True, slots=True)
class StepInputs:
    """The crops of a step, its random choices, and what its schedules say.

    Attributes:
        phase: which terms are computed.
        values: by name, the same names and shapes in every step of a phase:

            - ``x``, ``y``: crops ``[batch, 1, bin, frame]``, plain log magnitudes;
            - ``matched_bands.<direction>``, ``matched_bins.<direction>``, ``given.<direction>``: those that
              :class:`styleshift.training.data.Batch` has;
            - ``hidden.<direction>``: ``[batch, 1, 1, frame]`` bool, frames to be filled in;
            - ``noise.<direction>``: for the fakes on their way back;
            - ``places.<direction>.<n>``, ``places_identity.<direction>.<n>``: of layer n's features, those
              that the contrastive loss compares;
            - ``replay.<side>``: as :meth:`styleshift.training.replay.ReplayBuffer.draw` gives it;
            - ``identity``, ``average``: weights of the identity loss, and of the new weights in the average.
    """

    phase: Phase
    values: dict[str, Tensor]

    def on(self, device: torch.device) -> StepInputs:
        """The same there; from page-locked memory to a GPU without waiting."""
        return StepInputs(self.phase, {name: sent(value, device) for name, value in self.values.items()})

    def fill(self, standing: Mapping[str, Tensor]) -> None:
        """Copy the values to where a captured step reads them; they may be on the CPU."""
        for name, value in self.values.items():
            standing[name].copy_(page_locked(value, standing[name].device), non_blocking=True)

    def layers(self, kind: str, direction: str) -> list[Tensor]:
        """The ``places`` or ``places_identity`` of a direction, layer by layer."""
        start = f"{kind}.{direction}."
        return [value for name, value in self.values.items() if name.startswith(start)]


def prepare(state: TrainingState, batch: Batch) -> StepInputs:
    """Set the learning rates, and draw all that is random in the next step.

    Args:
        state: its random numbers move on; all else is read.
        batch: its crops, on any device.
    """
    schedule_rates(state)
    phase = Phase(state.warming, not state.warming and identity_weight(state) > 0)
    values = {"x": batch.x, "y": batch.y}
    values |= {f"matched_bands.{direction}": bands for direction, bands in batch.matched_bands.items()}
    values |= {f"matched_bins.{direction}": bins for direction, bins in batch.matched_bins.items()}
    values |= {f"given.{direction}": crops for direction, crops in batch.given.items()}
    values["average"] = torch.tensor(1 - average_decay(state))
    if not phase.warming:
        values |= draw(state, batch.x.shape)
        values["identity"] = torch.tensor(identity_weight(state))
    return StepInputs(phase, values)


def draw(state: TrainingState, shape: torch.Size) -> dict[str, Tensor]:
    """The random choices of an adversarial step on crops ``[batch, 1, bin, frame]``.

    They are drawn in the order in which the objective comes to them, so that a seed goes on meaning what it
    always has.
    """
    weights, model, found = state.recipe.loss, state.model, dict[str, Tensor]()
    for direction in DIRECTIONS:
        if state.recipe.optimiser.frame_mask:
            found[f"hidden.{direction}"] = _hidden_frames(state, shape)
        if weights.cycle_noise and (weights.cycle or weights.second_adversarial):
            found[f"noise.{direction}"] = weights.cycle_noise * torch.randn(shape, generator=state.random)
        for kind, weight in (("places", weights.patch_nce), ("places_identity", weights.patch_nce_identity)):
            if weight:
                drawn = model.projections(direction).draw(state.random)
                found |= {f"{kind}.{direction}.{layer}": places for layer, places in enumerate(drawn)}
    # In the order of the fakes: each side's, and what was converted back from it.
    for side in ("y", "x_cycled", "x", "y_cycled"):
        if side in state.replay:
            found[f"replay.{side}"] = state.replay[side].draw(shape[0], state.random)
    return found


def _hidden_frames(state: TrainingState, shape: torch.Size) -> Tensor:
    """Filling in frames (Kaneko et al. 2021): a stretch of each crop is set to the mean."""
    count, frames = shape[0], shape[3]
    length = torch.rand(count, 1, generator=state.random) * state.recipe.optimiser.frame_mask
    start = torch.rand(count, 1, generator=state.random) * (1 - length)
    at = (torch.arange(frames) / frames)[None, :]
    return ((at >= start) & (at < start + length))[:, None, None, :]


def identity_weight(state: TrainingState) -> float:
    """The weight of the identity loss now."""
    weights = state.recipe.loss
    left = 1 - state.progress / weights.identity_until if weights.identity_until else 1.0
    return weights.identity * max(0.0, left)


def average_decay(state: TrainingState) -> float:
    """How much of the average stays: little at first, or it would long be that of the untrained weights."""
    return min(state.recipe.optimiser.ema_decay, (state.step + 1) / (state.step + 10))


def schedule_rates(state: TrainingState) -> None:
    """Set both learning rates: constant, then falling linearly to zero at the end (Zhu et al. 2017).

    While warming up, the generators' falls from ``warm_start.lr`` to its later value.
    """
    settings, warm = state.recipe.optimiser, state.recipe.warm_start
    if state.warming:
        done = state.progress / warm.share
        _set_rate(state.generator_optimiser, (1 - done) * warm.lr + done * settings.generator_lr)
        return
    falling = 1 - settings.lr_decay_start
    factor = min(1.0, (1 - state.progress) / falling) if falling else 1.0
    _set_rate(state.generator_optimiser, settings.generator_lr * factor)
    _set_rate(state.discriminator_optimiser, settings.discriminator_lr * factor)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"].fill_(rate)
