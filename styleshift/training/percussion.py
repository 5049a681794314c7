"""Drums, damped in front of a generator while it trains."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from styleshift.frontend.percussion import PercussionDamping, PercussionSplitter


class PercussionFront(nn.Module):
    """Damps what is percussive of each crop: what conversion does with a recording.

    Args:
        splitter: for the spectrograms of the run.
        damp_db: by how much; 0 leaves crops as they are.
    """

    def __init__(self, splitter: PercussionSplitter, damp_db: float) -> None:
        super().__init__()
        self.splitter = splitter
        self.damp_db: Tensor
        self.register_buffer("damp_db", torch.tensor(float(damp_db)))

    def target(self) -> PercussionDamping | None:
        """What conversion does, as a model file says it; None where nothing is damped."""
        return PercussionDamping(float(self.damp_db)) if float(self.damp_db) else None

    def forward(self, plain: Tensor) -> Tensor:
        """Damp ``[batch, 1, bin, frame]`` compressed log magnitudes."""
        damped: Tensor = self.splitter.damp(plain.transpose(2, 3), self.damp_db)
        return damped.transpose(2, 3)
