"""The generators' objective by itself, with random choices drawn now."""

from __future__ import annotations

import torch
from torch import Tensor

from styleshift.training import step
from styleshift.training.inputs import Phase, StepInputs, draw, identity_weight
from styleshift.training.state import TrainingState
from styleshift.training.step import Losses


def generator_losses(state: TrainingState, x: Tensor, y: Tensor) -> tuple[Tensor, Losses, dict[str, Tensor]]:
    """:func:`styleshift.training.step.generator_losses` of normalised crops."""
    weight = identity_weight(state)
    values = draw(state, x.shape) | {"identity": torch.tensor(weight)}
    return step.generator_losses(state, x, y, StepInputs(Phase(False, weight > 0), values))
