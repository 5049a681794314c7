"""``nn.Sequential`` that takes a norm and the activation after it in one step where it can."""

from __future__ import annotations

from torch import Tensor, nn

from styleshift.networks.kernels import fused_instance_norm, fused_norm_silu
from styleshift.networks.layers import ChannelNorm, InstanceNorm2d


class FusedSequential(nn.Sequential):
    """``nn.Sequential`` that takes a norm and the activation after it in one step where it can.

    That is where gradients are wanted of bfloat16 on a CPU, or on an NVIDIA GPU; see
    :mod:`styleshift.networks.kernels`. Anywhere else, and so in conversion and export, this is
    ``nn.Sequential``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map what the first layer takes to what the last one gives."""
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            after = layers[0] if layers else None
            fused = _together(layer, after, input)
            if fused is not None:
                layers.pop(0)
            input = layer(input) if fused is None else fused
        return input


def _together(layer: nn.Module, after: nn.Module | None, input: Tensor) -> Tensor | None:
    """A norm and the activation after it, of this input; None where they cannot be taken in one step."""
    slope = _slope(after)
    if isinstance(layer, InstanceNorm2d) and slope is not None:
        return fused_instance_norm(input, layer.weight, layer.bias, slope)
    if isinstance(layer, ChannelNorm) and isinstance(after, nn.SiLU):
        return fused_norm_silu(input, layer.scale)
    return None


def _slope(layer: nn.Module | None) -> float | None:
    """What an activation makes of negative values; None where it is none of ours."""
    if isinstance(layer, nn.ReLU):
        return 0.0
    return layer.negative_slope if isinstance(layer, nn.LeakyReLU) else None
