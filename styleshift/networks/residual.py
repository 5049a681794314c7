"""A generator that begins as the identity and changes the spectrum from there."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.fused import FusedSequential
from styleshift.networks.kernels import add_along_frames
from styleshift.networks.layers import Bands, ChannelNorm, same_convolution, zero_
from styleshift.networks.options import ResidualGeneratorOptions


class Block(nn.Module):
    """Norm, SiLU, convolution, twice, and a way around: pre-activation ResNet (He et al. 2016b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = FusedSequential(
            ChannelNorm(channels),
            nn.SiLU(),
            same_convolution(channels, channels),
            ChannelNorm(channels),
            nn.SiLU(),
            same_convolution(channels, channels),
        )

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, band, frame]`` to the same shape."""
        output: Tensor = input + self.inner(input)
        return output


class ResidualGenerator(nn.Module):
    """Adds a bounded change to the log spectrum it is given; at the start the change is zero.

    A U-Net (Ronneberger et al. 2015) over frequency bands finds the change: a gain for each band and frame,
    interpolated to bins. So harmonics stay where and as sharp as they are, while the envelope of the
    spectrum, attacks and decays are free to change. Up-sampling repeats values and then convolves, since
    transposed convolutions leave a grid (Odena et al. 2016). No norm looks along time, so a long input and
    its windows come out alike.

    Args:
        options: sizes, and the bound.
        spectrogram: decides bins and bands.
    """

    def __init__(self, options: ResidualGeneratorOptions, spectrogram: SpectrogramConfig) -> None:
        super().__init__()
        self.bound = options.bound
        self.bands = Bands(spectrogram, options.bands)
        widths = [options.channels * min(1 << level, 4) for level in range(options.levels + 1)]
        # Convolution cannot see how high a band lies, yet timbre depends on it: a learned map says so.
        self.place = nn.Parameter(torch.zeros(1, widths[0], options.bands, 1))
        self.enter = same_convolution(1, widths[0], 5)
        self.halve = nn.ModuleList(
            nn.Conv2d(width, deeper, 4, stride=2, padding=1) for width, deeper in pairwise(widths)
        )
        self.down = nn.ModuleList(_blocks(width, options.blocks) for width in widths[1:])
        self.narrow = nn.ModuleList(same_convolution(deeper, width) for width, deeper in pairwise(widths))
        self.up = nn.ModuleList(
            _blocks(width, options.blocks if level else 0) for level, width in enumerate(widths[:-1])
        )
        self.leave = FusedSequential(ChannelNorm(widths[0]), nn.SiLU(), nn.Conv2d(widths[0], 1, 3, padding=1))
        zero_(self.leave[-1])

    def features(self, input: Tensor) -> list[Tensor]:
        """The state on the way down, level by level, of ``[batch, 1, bin, frame]``."""
        entered = self.enter(self.bands(input))
        found = [
            add_along_frames(entered, self.place.to(entered.dtype))
        ]  # or autocast would go on in float32
        for halve, blocks in zip(self.halve, self.down, strict=True):
            found.append(blocks(halve(found[-1])))
        return found

    def change(self, input: Tensor) -> Tensor:
        """The change ``[batch, 1, band, frame]``, within the bound, of ``[batch, 1, bin, frame]``."""
        around = self.features(input)
        state = around.pop()
        for narrow, blocks in zip(reversed(self.narrow), reversed(self.up), strict=True):
            state = functional.interpolate(narrow(state), scale_factor=2.0, mode="nearest")
            state = blocks(state + around.pop())
        return self.bound * torch.tanh(self.leave(state) / self.bound)

    def forward(self, input: Tensor) -> Tensor:
        """Map normalised ``[batch, 1, bin, frame]``, frames a multiple of 16, to the same shape."""
        return input + self.bands.back(self.change(input))


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))
