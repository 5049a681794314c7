"""A generator that begins as the identity and changes the spectrum from there."""

from __future__ import annotations

from torch import Tensor, nn

from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.band_unet import BandUNet
from styleshift.networks.fused import FusedSequential
from styleshift.networks.layers import activation, zero_
from styleshift.networks.options import ResidualGeneratorOptions


class ResidualGenerator(BandUNet):
    """Adds a bounded change to the log spectrum it is given; at the start the change is zero.

    The change is a gain for each band and frame, interpolated to bins. So harmonics stay where and as sharp
    as they are, while the envelope of the spectrum, attacks and decays are free to change. A frame depends on
    what lies before and after it for up to 151 frames (1753 ms) in ``small``, either way.

    Args:
        options: sizes, and the bound.
        spectrogram: decides bins and bands.
    """

    def __init__(self, options: ResidualGeneratorOptions, spectrogram: SpectrogramConfig) -> None:
        super().__init__(options, spectrogram)
        width = options.channels
        self.leave = FusedSequential(*activation(width), nn.Conv2d(width, 1, 3, padding=1))
        zero_(self.leave)

    def change(self, input: Tensor) -> Tensor:
        """The change ``[batch, 1, band, frame]``, within the bound, of ``[batch, 1, bin, frame]``."""
        return self.bounded(self.leave(self.state(input)))

    def forward(self, input: Tensor) -> Tensor:
        """Map normalised ``[batch, 1, bin, frame]``, frames a multiple of 16, to the same shape."""
        return input + self.bands.back(self.change(input))
