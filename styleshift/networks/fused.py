"""``nn.Sequential`` that takes a norm and the activation after it in one step where it can."""

from __future__ import annotations

from torch import Tensor, nn

from styleshift.networks.kernels import NormSiLU, apply_here, takes_norm_silu
from styleshift.networks.layers import ChannelNorm, InstanceNorm2d


class FusedSequential(nn.Sequential):
    """``nn.Sequential`` that takes a norm and the activation after it in one step where it can.

    That is where gradients are wanted of bfloat16 on a CPU; see :mod:`styleshift.networks.kernels`. Anywhere
    else, and so in conversion and export, this is ``nn.Sequential``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map what the first layer takes to what the last one gives."""
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            after = layers[0] if layers else None
            slope = _slope(after)
            if isinstance(layer, InstanceNorm2d) and slope is not None and layer.fuses(input):
                layers.pop(0)
                input = layer.activated(input, slope)
            elif (
                isinstance(layer, ChannelNorm)
                and isinstance(after, nn.SiLU)
                and apply_here(input)
                and takes_norm_silu(input.shape[1])
            ):
                layers.pop(0)
                input = NormSiLU.apply(input, layer.scale)  # type: ignore[no-untyped-call]
            else:
                input = layer(input)
        return input


def _slope(layer: nn.Module | None) -> float | None:
    """What an activation makes of negative values; None where it is none of ours."""
    if isinstance(layer, nn.ReLU):
        return 0.0
    return layer.negative_slope if isinstance(layer, nn.LeakyReLU) else None
