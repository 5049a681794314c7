"""The network of :mod:`styleshift.voice.phones` in PyTorch, to be part of a model.

What changes in one changes in the other: ``tests/networks/test_phones.py`` holds them to each other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.config import SpectrogramConfig
from styleshift.voice.phones import (
    BANDS,
    CHANNELS,
    DILATIONS,
    STATES,
    TINY,
    WIDEST,
    phone_bands,
    phone_weights,
)


class PhoneNetwork(nn.Module):
    """Envelopes of speech to how likely each state of each phone is.

    Attributes:
        mean: ``[bands, 1]`` of the log magnitudes that it was trained on.
        scale: one over their deviation.

    Args:
        config: of the spectrograms; :func:`styleshift.voice.phones.require_speech` says which.
    """

    filters: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.register_buffer("filters", torch.from_numpy(phone_bands(config)), False)
        self.register_buffer("mean", torch.zeros(BANDS, 1))
        self.register_buffer("scale", torch.ones(()))
        self.first = nn.Conv1d(BANDS, CHANNELS, WIDEST, padding=WIDEST // 2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation) for dilation in DILATIONS
        )
        self.last = nn.Conv1d(CHANNELS, STATES, 1)

    def bands(self, smooth: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]``, natural log of an envelope, to ``[batch, band, frame]``."""
        flat = smooth.flatten(1, 2)
        strongest = flat.amax(dim=1, keepdim=True)
        power = self.filters @ (2 * (flat - strongest)).exp()
        bands: Tensor = 0.5 * power.clamp(min=TINY).log() + strongest
        return bands

    def forward(self, smooth: Tensor) -> Tensor:
        """Logits ``[batch, state, frame]`` of ``[batch, 1, bin, frame]``, natural log of an envelope."""
        hidden = functional.relu(self.first((self.bands(smooth) - self.mean) * self.scale))
        for block in self.blocks:
            hidden = hidden + functional.relu(block(hidden))
        logits: Tensor = self.last(hidden)
        return logits


def trained_phones(config: SpectrogramConfig) -> PhoneNetwork:
    """The network that ships, in evaluation mode, for these spectrograms."""
    network = PhoneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in phone_weights().items()})
    return network.eval().requires_grad_(False)
