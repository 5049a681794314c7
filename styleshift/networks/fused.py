"""Norm and SiLU in few passes, for training in bfloat16 on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.networks.layers import ChannelNorm


class FusedSequential(nn.Sequential):
    """``nn.Sequential`` that takes a :class:`ChannelNorm` and the SiLU after it in one step where it can.

    That is where gradients are wanted of bfloat16 on a CPU. PyTorch's own operations are slow there: with the
    channels innermost in memory, as the convolutions are fastest, each broadcast of a value a pixel over a
    few channels takes ten times as long as a product of the same size (measured on Zen 4). Anywhere else,
    and so in conversion and export, this is ``nn.Sequential``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map what the first layer takes to what the last one gives."""
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            if (
                isinstance(layer, ChannelNorm)
                and layers
                and isinstance(layers[0], nn.SiLU)
                and _fusible(input)
            ):
                layers.pop(0)
                input = NormSiLU.apply(input, layer.scale)  # type: ignore[no-untyped-call]
            else:
                input = layer(input)
        return input


def _fusible(input: Tensor) -> bool:
    channels = input.shape[1]
    return (
        input.device.type == "cpu"
        and input.dtype == torch.bfloat16
        and channels > 1
        and channels & (channels - 1) == 0  # so that 1 / channels is exact
        and torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
    )


class NormSiLU(torch.autograd.Function):
    """``silu(x / rms(x) * scale)``, the root mean square over channels; see :class:`ChannelNorm`.

    The mean over channels is a product with a constant matrix, which gives it to every channel at once.
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, scale: Tensor) -> Tensor:
        """``[batch, channel, bin, frame]`` bfloat16 and ``[1, channel, 1, 1]``."""
        rows = _rows(input)
        mean = torch.full((rows.shape[1], rows.shape[1]), 1 / rows.shape[1], dtype=rows.dtype)
        inverse = torch.mm(rows * rows, mean).add_(1e-6).rsqrt_()
        normal = rows * inverse
        weight = scale.reshape(1, -1).to(rows.dtype)
        scaled = normal * weight
        ctx.save_for_backward(normal, inverse, scaled, weight, mean)
        return _image(functional.silu(scaled), input.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None]:
        """With n = x / rms(x): dL/dx = (dL/dn - n mean(n dL/dn)) / rms(x)."""
        normal, inverse, scaled, weight, mean = ctx.saved_tensors
        inner = torch.ops.aten.silu_backward(_rows(gradient), scaled)
        of_scale = None
        if ctx.needs_input_grad[1]:
            ones = torch.ones(1, len(inner), dtype=inner.dtype)
            of_scale = torch.mm(ones, inner * normal).float().reshape(1, -1, 1, 1)
        inner = inner * weight
        along = torch.mm(inner * normal, mean)
        rows = torch.addcmul(inner, normal, along, value=-1).mul_(inverse)
        return _image(rows, gradient.shape), of_scale


def _rows(image: Tensor) -> Tensor:
    """``[batch, channel, bin, frame]`` as ``[pixels, channel]``; a view where channels are last."""
    return image.permute(0, 2, 3, 1).reshape(-1, image.shape[1])


def _image(rows: Tensor, shape: torch.Size) -> Tensor:
    batch, channels, bins, frames = shape
    return rows.view(batch, bins, frames, channels).permute(0, 3, 1, 2)
