"""The network: ConvNeXt blocks over frames, and a head that says each bin's phase (Siuzdak 2023)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend import SpectrogramConfig

_WIDTH = 7


class Vocos(nn.Module):
    """From log magnitudes to what their spectrum is multiplied with.

    The paper's network hears mel bands and has to say magnitudes, too; here all magnitudes are known, so that
    it says phases, and a bounded change of the magnitude for where no phase fits them.

    Args:
        bins: of the spectrogram.
        mean, deviation: of log magnitudes, to normalise by.
        channels: of the blocks.
        blocks: how many.
    """

    def __init__(
        self, bins: int, mean: float = 0.0, deviation: float = 1.0, channels: int = 256, blocks: int = 8
    ) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation
        self.enter = nn.Conv1d(bins, channels, _WIDTH, padding=_WIDTH // 2)
        self.blocks = nn.ModuleList(Block(channels, 1 / blocks) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.leave = nn.Linear(channels, 2 * bins)

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """``[batch, frame, bin]`` to ``[batch, 2, frame, bin]``: log gain within 1, phase in radians."""
        state = self.enter(((log_magnitude - self.mean) / self.deviation).transpose(1, 2))
        for block in self.blocks:
            state = block(state)
        gain, phase = self.leave(self.norm(state.transpose(1, 2))).chunk(2, dim=-1)
        return torch.stack([torch.tanh(gain), phase], dim=1)


class Block(nn.Module):
    """A ConvNeXt block (Liu et al. 2022) along time: each channel alone, then all channels of a frame."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.along = nn.Conv1d(channels, channels, _WIDTH, padding=_WIDTH // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, 3 * channels)
        self.narrow = nn.Linear(3 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), scale))

    def forward(self, state: Tensor) -> Tensor:
        """``[batch, channel, frame]`` to the same."""
        frames = self.norm(self.along(state).transpose(1, 2))
        change: Tensor = self.scale * self.narrow(functional.gelu(self.widen(frames)))
        return state + change.transpose(1, 2)


class Transform(nn.Module):
    """The front end's STFT and its inverse in torch, so that gradients go through them."""

    window: Tensor

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.hop, self.points = config.hop_length, config.fft_length
        self.kept = min(config.frame_length, config.fft_length)
        # Periodic, and cropped where the frame is longer than the FFT, as the front end does.
        clock = torch.arange(config.frame_length, dtype=torch.float64) / config.frame_length
        window = 0.5 - 0.5 * torch.cos(2 * math.pi * clock)
        self.register_buffer("window", window[: self.kept].float())

    def inverse(self, spectrum: Tensor) -> Tensor:
        """``[batch, frame, bin]`` complex to ``[batch, sample]``: overlap-add, divided by that of the window.

        The first sample is where the first frame begins.
        """
        frames = torch.fft.irfft(spectrum, self.points)[..., : self.kept] * self.window
        length = self.kept + self.hop * (frames.shape[1] - 1)

        def added(each: Tensor) -> Tensor:
            folded = functional.fold(each.transpose(1, 2), (1, length), (1, self.kept), stride=(1, self.hop))
            return folded[:, 0, 0]

        weight = added(self.window.square().expand(1, frames.shape[1], -1))
        return added(frames) / weight.clamp(min=1e-3)
