"""The seed's generator with another way up, which leaves no grid."""

from __future__ import annotations

from torch import nn

from styleshift.networks.layers import Resize
from styleshift.networks.seed import SeedGenerator


class ResizeGenerator(SeedGenerator):
    """2 convolutions (stride 2), ResNet layers, 2 times resize and convolve (Odena et al. 2016)."""

    def doubled(self, inputs: int, outputs: int) -> nn.Module:
        """See :class:`styleshift.networks.seed.SeedGenerator`."""
        return Resize(inputs, outputs)
