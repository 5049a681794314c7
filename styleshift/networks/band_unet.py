"""The U-Net over frequency bands that the generators ``residual`` and ``fine`` are built on."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.fused import FusedSequential
from styleshift.networks.kernels import add_along_frames
from styleshift.networks.layers import Bands, activation, same_convolution
from styleshift.networks.options import ResidualGeneratorOptions


class Block(nn.Module):
    """Norm, SiLU, convolution, twice, and a way around: pre-activation ResNet (He et al. 2016b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = FusedSequential(
            *activation(channels),
            same_convolution(channels, channels),
            *activation(channels),
            same_convolution(channels, channels),
        )

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, band, frame]`` to the same shape."""
        output: Tensor = input + self.inner(input)
        return output


class Past(nn.Module):
    """Norm, SiLU, a causal dilated convolution along time, and a way around (van den Oord et al. 2016)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.reach = 2 * dilation
        self.before = FusedSequential(*activation(channels))
        self.convolution = nn.Conv2d(channels, channels, 3, padding=(1, 0), dilation=(1, dilation))

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, band, frame]`` to the same shape."""
        output: Tensor = input + self.convolution(functional.pad(self.before(input), (self.reach, 0)))
        return output


class BandUNet(nn.Module):
    """A U-Net (Ronneberger et al. 2015) over frequency bands, for generators that change what they are given.

    Up-sampling repeats values and then convolves, since transposed convolutions leave a grid (Odena et al.
    2016). No norm looks along time, so a long input and its windows come out alike.

    Args:
        options: sizes, and the bound.
        spectrogram: decides bins and bands.
        inputs: channels that :meth:`seen` gives.
        past: dilated convolutions along time at the deepest level.
    """

    def __init__(
        self,
        options: ResidualGeneratorOptions,
        spectrogram: SpectrogramConfig,
        inputs: int = 1,
        past: int = 0,
    ) -> None:
        super().__init__()
        self.bound = options.bound
        self.bands = Bands(spectrogram, options.bands)
        widths = [options.channels * min(1 << level, 4) for level in range(options.levels + 1)]
        # Convolution cannot see how high a band lies, yet timbre depends on it: a learned map says so.
        self.place = nn.Parameter(torch.zeros(1, widths[0], options.bands, 1))
        self.enter = same_convolution(inputs, widths[0], 5)
        steps = list(pairwise(widths))
        self.halve = nn.ModuleList(
            nn.Conv2d(width, deeper, 4, stride=2, padding=1) for width, deeper in steps
        )
        self.down = nn.ModuleList(_blocks(deeper, options.blocks) for _, deeper in steps)
        self.past = nn.Sequential(*(Past(widths[-1], 1 << number) for number in range(past)))
        self.narrow = nn.ModuleList(same_convolution(deeper, width) for width, deeper in steps)
        self.up = nn.ModuleList(
            _blocks(width, options.blocks if level else 0) for level, (width, _) in enumerate(steps)
        )

    def seen(self, levels: Tensor) -> Tensor:
        """What goes in, ``[batch, inputs, band, frame]``, of the levels ``[batch, 1, band, frame]``."""
        return levels

    def features(self, input: Tensor) -> list[Tensor]:
        """The state on the way down, level by level, of ``[batch, 1, bin, frame]``."""
        entered = self.enter(self.seen(self.bands(input)))
        # In its precision, or autocast would go on in float32.
        found = [add_along_frames(entered, self.place.to(entered.dtype))]
        for halve, blocks in zip(self.halve, self.down, strict=True):
            found.append(blocks(halve(found[-1])))
        return found

    def state(self, input: Tensor) -> Tensor:
        """The state at the end, ``[batch, channels, band, frame]``, of ``[batch, 1, bin, frame]``."""
        around = self.features(input)
        state: Tensor = self.past(around.pop())
        for narrow, blocks in zip(reversed(self.narrow), reversed(self.up), strict=True):
            state = functional.interpolate(narrow(state), scale_factor=2.0, mode="nearest")
            state = blocks(state + around.pop())
        return state

    def bounded(self, change: Tensor) -> Tensor:
        """A change of any size within the bound, smoothly."""
        return self.bound * torch.tanh(change / self.bound)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))
