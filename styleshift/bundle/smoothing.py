"""Conversions that flicker made steadier, and those that lack movement livelier."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend import SpectrogramConfig
from styleshift.frontend.compression import silence


class Smoothing(nn.Module):
    """Moves each log magnitude towards each of its two neighbours among frames and among bins.

    0 leaves it, and a third takes the mean of the three; less than 0 moves it away from them.

    Args:
        frames: how far, among frames.
        bins: how far, among bins.
        config: of the log magnitudes.
    """

    def __init__(self, frames: float, bins: float, config: SpectrogramConfig) -> None:
        super().__init__()
        self.sharpens = min(frames, bins) < 0
        self.floor = silence(config)
        self.kernel: Tensor
        among_frames, among_bins = (torch.tensor([by, 1 - 2 * by, by]) for by in (frames, bins))
        self.register_buffer("kernel", torch.outer(among_bins, among_frames).reshape(1, 1, 3, 3))

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """Plain log magnitudes ``[batch, 1, bin, frame]`` to the same."""
        around = functional.pad(log_magnitude, (1, 1, 1, 1), mode="replicate")
        moved = functional.conv2d(around, self.kernel)
        return moved.clamp(min=self.floor) if self.sharpens else moved
