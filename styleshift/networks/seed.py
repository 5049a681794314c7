"""The networks of the method as it was first described, layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.fused import FusedSequential
from styleshift.networks.layers import (
    DropTopBin,
    InstanceNorm2d,
    chosen_outputs,
    dcgan_init,
    repeat_top_bin,
    zero_,
)
from styleshift.networks.options import SeedDiscriminatorOptions, SeedGeneratorOptions

DISCRIMINATOR_STRIDES = (2, 2, 2, 2, 1)


class ResidualLayer(nn.Module):
    """Two width-3 convolutions and a way around them (He et al. 2016), each with instance norm and ReLU.

    The second ReLU comes after the addition, as in the paper.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = FusedSequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            InstanceNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            InstanceNorm2d(channels),
        )

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, bin, frame]`` to the same shape."""
        return torch.relu(input + self.inner(input))


def encoder_layers(blocks: int) -> tuple[int, ...]:
    """Which layers give features: both convolutions, the first and the middle ResNet layer."""
    deep = {6 + 1, 6 + (blocks + 1) // 2} if blocks else set()
    return (3, 6, *sorted(deep))


class SeedGenerator(nn.Module):
    """2 convolutions (stride 2, width 3), 9 ResNet layers (stride 1, width 3), 2 transposed convolutions.

    No pooling; instance norm and ReLU at each layer but the last, whose output is the log spectrum, about
    zero mean and so half of it negative, which no ReLU lets through.

    Args:
        options: channels, blocks, and whether the output is added to the input.
        spectrogram: decides bins. The highest is left out where that makes a multiple of four, and the
            output's highest is given twice.
    """

    def __init__(self, options: SeedGeneratorOptions, spectrogram: SpectrogramConfig) -> None:
        super().__init__()
        self.bins = spectrogram.bins
        self.residual = options.residual
        self.features_at = encoder_layers(options.blocks)
        first = options.channels
        self.layers = FusedSequential(
            DropTopBin(self.bins),
            nn.Conv2d(1, first, 3, stride=2, padding=1),
            InstanceNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, 2 * first, 3, stride=2, padding=1),
            InstanceNorm2d(2 * first),
            nn.ReLU(),
            *(ResidualLayer(2 * first) for _ in range(options.blocks)),
            self.doubled(2 * first, first),
            InstanceNorm2d(first),
            nn.ReLU(),
            self.doubled(first, 1),
        )
        dcgan_init(self)
        if options.residual:
            zero_(self.layers)

    def doubled(self, inputs: int, outputs: int) -> nn.Module:
        """A layer on the way up, which gives twice the bins and frames."""
        return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)

    def features(self, input: Tensor) -> list[Tensor]:
        """What the encoder gives at several depths, of ``[batch, 1, bin, frame]``."""
        return chosen_outputs(self.layers, input, self.features_at)

    def forward(self, input: Tensor) -> Tensor:
        """Map normalised ``[batch, 1, bin, frame]``, frames a multiple of 4, to the same shape."""
        output = repeat_top_bin(self.layers(input), self.bins)
        return input + output if self.residual else output


class SeedDiscriminator(nn.Module):
    """5 convolutions (strides 2, 2, 2, 2, 1; width 4) and 1 dense layer, for crops of one size.

    No pooling; instance norm, if not left out, and ReLU at each convolution.

    Args:
        options: channels, norm, and whether there is a dense layer or a convolution in its place.
        spectrogram: decides bins; the highest is left out as in the generator.
        frames: of every crop, since the dense layer has one weight a place.

    Raises:
        ConfigError: the crop is too small for five convolutions.
    """

    def __init__(
        self, options: SeedDiscriminatorOptions, spectrogram: SpectrogramConfig, frames: int
    ) -> None:
        super().__init__()
        c, bins = options.channels, spectrogram.bins
        widths = (1, c, 2 * c, 4 * c, 8 * c, 8 * c)
        self.frames = frames
        layers: list[nn.Module] = [DropTopBin(bins)]
        for inputs, outputs, stride in zip(widths[:-1], widths[1:], DISCRIMINATOR_STRIDES, strict=True):
            normed = [InstanceNorm2d(outputs)] if options.norm == "instance" else []
            layers += [nn.Conv2d(inputs, outputs, 4, stride, padding=1), *normed, nn.ReLU()]
        height, width = _output_size(bins - bins % 4), _output_size(frames)
        if min(height, width) < 1 or height * width < 2:
            raise ConfigError(
                f"discriminator seed cannot work on crops of {frames} frames and {bins} bins: both must be "
                "48 or more",
                "raise data.crop_frames, or use discriminator.name = patch",
            )
        self.convolutions = FusedSequential(*layers)
        self.dense = nn.Linear(8 * c * height * width, 1) if options.dense else None
        self.patches = None if options.dense else nn.Conv2d(8 * c, 1, 4, padding=1)
        dcgan_init(self)
        if options.norm == "none":
            # With weights of 0.02 and no norm, hardly anything comes through five layers (He et al. 2015).
            for layer in self.convolutions:
                if isinstance(layer, nn.Conv2d):
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def features(self, input: Tensor) -> list[Tensor]:
        """What each convolution gives, of ``[batch, 1, bin, frame]``."""
        activations = [at for at, layer in enumerate(self.convolutions) if isinstance(layer, nn.ReLU)]
        return chosen_outputs(self.convolutions, input, activations)

    def forward(self, input: Tensor) -> Tensor:
        """Logits ``[batch, patch]``, one patch if dense, of normalised ``[batch, 1, bin, frame]``."""
        found: Tensor = self.convolutions(input)
        if self.patches is None:
            assert self.dense is not None
            found = self.dense(found.flatten(1))
        else:
            found = self.patches(found).flatten(1)
        return found


def _output_size(size: int) -> int:
    """Length of one axis after the five convolutions of width 4 and padding 1."""
    for stride in DISCRIMINATOR_STRIDES:
        size = (size + 2 - 4) // stride + 1
    return size
