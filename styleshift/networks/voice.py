"""Two generators that were made to convert voices: convolution over time, with and without a 2-D frame.

Every tensor has four axes here, time the last; what is 1-D has a third axis of length one. So instance norms
and ONNX see one kind of layer only.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.layers import DropTopBin, InstanceNorm2d, chosen_outputs, repeat_top_bin, zero_
from styleshift.networks.options import OneDimensionalGeneratorOptions, TwoOneTwoGeneratorOptions


class Gated(nn.Module):
    """Convolution, instance norm, gated linear unit (Dauphin et al. 2017); keeps or halves the size.

    Args:
        inputs: channels.
        outputs: channels; the convolution has twice as many, half of them gates.
        width: of the kernel along bins and frames, odd.
        stride: along bins and frames.
        norm: False leaves the norm out, as the first layer does.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        norm: bool = True,
    ) -> None:
        super().__init__()
        padding = (width[0] // 2, width[1] // 2)
        self.convolution = nn.Conv2d(inputs, 2 * outputs, width, stride, padding)
        self.norm = InstanceNorm2d(2 * outputs) if norm else nn.Identity()

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, bin, frame]``."""
        return functional.glu(self.norm(self.convolution(input)), dim=1)


class Up(nn.Module):
    """Convolution of width 5, channels dealt out to twice the size, instance norm, gated linear unit.

    Pixel shuffle is of Shi et al. 2016; with one axis, frames only.

    Args:
        inputs: channels.
        outputs: channels.
        flat: the third axis has length one and stays so.
    """

    def __init__(self, inputs: int, outputs: int, flat: bool) -> None:
        super().__init__()
        self.flat = flat
        width = (1, 5) if flat else (5, 5)
        dealt = 2 if flat else 4
        self.convolution = nn.Conv2d(
            inputs, dealt * 2 * outputs, width, padding=(width[0] // 2, width[1] // 2)
        )
        self.norm = InstanceNorm2d(2 * outputs)

    def forward(self, input: Tensor) -> Tensor:
        """``[batch, channel, bin, frame]`` to twice the frames, and twice the bins unless flat."""
        state = self.convolution(input)
        if self.flat:
            # Two neighbouring channels become two neighbouring frames.
            state = torch.unflatten(state, 1, (-1, 2)).movedim(2, -1).flatten(-2)
        else:
            state = functional.pixel_shuffle(state, 2)
        return functional.glu(self.norm(state), dim=1)


class Block(nn.Module):
    """Gated convolution over three frames to twice the channels, back again, and a way around."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            Gated(channels, 2 * channels, (1, 3)),
            nn.Conv2d(2 * channels, channels, (1, 3), padding=(0, 1)),
            InstanceNorm2d(channels),
        )

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, 1, frame]`` to the same shape."""
        output: Tensor = input + self.inner(input)
        return output


def dealt(channels: int, bins: int) -> nn.Module:
    """``[batch, channel, bin, frame]`` to other numbers of channels and bins, of which -1 is what is left."""
    return nn.Sequential(nn.Flatten(1, 2), nn.Unflatten(1, (channels, bins)))


class _Layers(nn.Module):
    """Layers in a row, looked into at some of them; the last is a convolution."""

    def __init__(
        self, layers: Sequence[nn.Module], last: nn.Conv2d, at: Sequence[int], residual: bool, bins: int
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.last = last
        self.features_at = tuple(at)
        self.residual = residual
        self.bins = bins
        if residual:
            zero_(last)

    def features(self, input: Tensor) -> list[Tensor]:
        """What the encoder gives at several depths, of ``[batch, 1, bin, frame]``."""
        return chosen_outputs(self.layers, input, self.features_at)

    def forward(self, input: Tensor) -> Tensor:
        """Map normalised ``[batch, 1, bin, frame]``, frames a multiple of 4, to the same shape."""
        # The last convolution gives bins as channels, or one channel of bins.
        output = repeat_top_bin(self.last(self.layers(input)).flatten(1, 2)[:, None], self.bins)
        return input + output if self.residual else output


class OneDimensionalGenerator(_Layers):
    """CycleGAN-VC's (Kaneko and Kameoka 2018, figure 3): 1-D over time, with bins as channels.

    A gated convolution over 15 frames, 2 that halve the frames, residual blocks, 2 that double them, and a
    convolution over 15 frames. Every bin sees every other at once, and nothing is shared between pitches.

    Args:
        options: channels, blocks, and whether the output is added to the input.
        spectrogram: decides bins.
    """

    def __init__(self, options: OneDimensionalGeneratorOptions, spectrogram: SpectrogramConfig) -> None:
        c, bins = options.channels, spectrogram.bins
        super().__init__(
            [
                dealt(-1, 1),
                Gated(bins, c, (1, 15), norm=False),
                Gated(c, 2 * c, (1, 5), (1, 2)),
                Gated(2 * c, 4 * c, (1, 5), (1, 2)),
                *(Block(4 * c) for _ in range(options.blocks)),
                Up(4 * c, 4 * c, flat=True),
                Up(4 * c, 2 * c, flat=True),
            ],
            nn.Conv2d(2 * c, bins, (1, 15), padding=(0, 7)),
            at=(1, 2, 3, 3 + (options.blocks + 1) // 2),
            residual=options.residual,
            bins=bins,
        )


class TwoOneTwoGenerator(_Layers):
    """CycleGAN-VC2's (Kaneko et al. 2019, figure 2): 2-D where the size changes, 1-D where the style does.

    A gated convolution over 5 bins and 15 frames, 2 that halve both, all bins of all channels made one
    channel axis, residual blocks over time, and the same way back.

    Args:
        options: channels, blocks, and whether the output is added to the input.
        spectrogram: decides bins; the highest are left out where that makes a multiple of four.
    """

    def __init__(self, options: TwoOneTwoGeneratorOptions, spectrogram: SpectrogramConfig) -> None:
        c, bins, rows = options.channels, spectrogram.bins, spectrogram.bins // 4
        super().__init__(
            [
                DropTopBin(bins),
                Gated(1, c, (5, 15), norm=False),
                Gated(c, 2 * c, (5, 5), (2, 2)),
                Gated(2 * c, 2 * c, (5, 5), (2, 2)),
                dealt(-1, 1),
                nn.Conv2d(2 * c * rows, 2 * c, 1),
                InstanceNorm2d(2 * c),
                *(Block(2 * c) for _ in range(options.blocks)),
                nn.Conv2d(2 * c, 2 * c * rows, 1),
                InstanceNorm2d(2 * c * rows),
                dealt(-1, rows),
                Up(2 * c, 2 * c, flat=False),
                Up(2 * c, c, flat=False),
            ],
            nn.Conv2d(c, 1, (5, 15), padding=(2, 7)),
            at=(1, 2, 3, 6 + (options.blocks + 1) // 2),
            residual=options.residual,
            bins=bins,
        )
