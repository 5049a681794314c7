"""The seed's generator with another way up, which leaves no grid."""

from __future__ import annotations

from torch import Tensor, nn

from styleshift.networks.fused import FusedSequential
from styleshift.networks.layers import (
    InstanceNorm2d,
    Resize,
    chosen_outputs,
    dcgan_init,
    repeat_top_bin,
    zero_,
)
from styleshift.networks.options import ResizeGeneratorOptions
from styleshift.networks.seed import encoder, encoder_layers


class ResizeGenerator(nn.Module):
    """2 convolutions (stride 2), ResNet layers, 2 times resize and convolve (Odena et al. 2016).

    All else is as in :class:`styleshift.networks.seed.SeedGenerator`.

    Args:
        options: channels, blocks, and whether the output is added to the input.
        bins: of the spectrogram; the highest are left out where that makes a multiple of four.
    """

    def __init__(self, options: ResizeGeneratorOptions, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.residual = options.residual
        self.features_at = encoder_layers(options.blocks)
        first = options.channels
        self.layers = FusedSequential(
            *encoder(first, options.blocks, bins),
            Resize(2 * first, first),
            InstanceNorm2d(first),
            nn.ReLU(),
            Resize(first, 1),
        )
        dcgan_init(self)
        if options.residual:
            last = self.layers[-1]
            assert isinstance(last, Resize)
            zero_(last[-1])

    def features(self, input: Tensor) -> list[Tensor]:
        """What the encoder gives at several depths, of ``[batch, 1, bin, frame]``."""
        return chosen_outputs(self.layers, input, self.features_at)

    def forward(self, input: Tensor) -> Tensor:
        """Map normalised ``[batch, 1, bin, frame]``, frames a multiple of 4, to the same shape."""
        output = repeat_top_bin(self.layers(input), self.bins)
        return input + output if self.residual else output
