"""The network.

Sources: skip connections between an encoder and a decoder, Ronneberger, Fischer and Brox 2015
(arXiv 1505.04597), for image translation Isola et al. 2017 (arXiv 1611.07004); up-sampling by repetition and
a convolution, since transposed convolutions leave a grid, Odena, Dumoulin and Olah 2016 (Distill,
doi:10.23915/distill.00003); a norm over channels at each point, Karras et al. 2018 (arXiv 1710.10196,
section 4.2); a coordinate as one more input, Liu et al. 2018 (arXiv 1807.03247).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from styleshift_unet import UNetOptions

MOST_WIDENING = 8


class PointNorm(nn.Module):
    """Divides by the root mean square over channels, at each bin and frame on its own, and scales.

    An instance norm would look along time: a window of a track would then come out otherwise than the same
    music inside a longer window, and the seams would be heard.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[batch, channel, bin, frame]`` to the same shape."""
        power = features.square().mean(dim=1, keepdim=True)
        return features * torch.rsqrt(power + 1e-5) * self.scale


class Stage(nn.Sequential):
    """Two convolutions of width 3, each followed by the norm and SiLU; keeps bins and frames."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            PointNorm(outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            PointNorm(outputs),
            nn.SiLU(),
        )


class UNet(nn.Module):
    """Maps normalised log magnitudes ``[batch, 1, bin, frame]`` float32 to the same shape, of any size.

    Halving rounds up (a stride-2 convolution with padding 1 makes ceil(n / 2) of n), and the way up crops to
    the size of the skip it meets, so neither bins nor frames need be a multiple of anything.

    Args:
        options: sizes.
        bins: of the spectrogram; they decide the coordinate that goes in beside it.
    """

    def __init__(self, options: UNetOptions, bins: int) -> None:
        super().__init__()
        self.residual = options.residual
        widths = [options.channels * min(1 << level, MOST_WIDENING) for level in range(options.levels + 1)]
        # A convolution does not know how high a bin lies, yet what makes an instrument depends on it.
        self.height: Tensor
        self.register_buffer("height", torch.linspace(-1, 1, bins)[None, None, :, None], persistent=False)
        self.enter = Stage(2, widths[0])
        self.halve = nn.ModuleList(
            nn.Conv2d(wide, deep, 3, stride=2, padding=1) for wide, deep in pairwise(widths)
        )
        self.encode = nn.ModuleList(Stage(deep, deep) for deep in widths[1:])
        self.raise_ = nn.ModuleList(
            nn.Conv2d(deep, wide, 3, padding=1) for wide, deep in reversed(list(pairwise(widths)))
        )
        self.decode = nn.ModuleList(Stage(2 * wide, wide) for wide in reversed(widths[:-1]))
        self.leave = nn.Conv2d(widths[0], 1, 3, padding=1)
        if options.residual:
            # At the start nothing is added: training begins at the source and not at noise.
            nn.init.zeros_(self.leave.weight)
            assert self.leave.bias is not None
            nn.init.zeros_(self.leave.bias)

    def features(self, log_magnitude: Tensor) -> list[Tensor]:
        """What each level of the encoder gives, ``[batch, channel, bin, frame]``; for a contrastive loss."""
        given = torch.cat([log_magnitude, self.height.expand_as(log_magnitude)], dim=1)
        found = [self.enter(given)]
        for halve, stage in zip(self.halve, self.encode, strict=True):
            found.append(stage(halve(found[-1])))
        return found

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]`` to the same shape."""
        skips = self.features(log_magnitude)
        features = skips.pop()
        for convolve, stage in zip(self.raise_, self.decode, strict=True):
            skip = skips.pop()
            twice = nn.functional.interpolate(features, scale_factor=2.0, mode="nearest")
            # Cropped first: the convolution must not see values beyond the edge.
            features = convolve(twice[:, :, : skip.shape[2], : skip.shape[3]])
            features = stage(torch.cat([features, skip], dim=1))
        said: Tensor = self.leave(features)
        return log_magnitude + said if self.residual else said
