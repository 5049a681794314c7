"""Norms with the activation after them, in few passes, for training in bfloat16 on a CPU.

PyTorch's own operations are slow there: with the channels innermost in memory, as the convolutions are
fastest, each broadcast of a value a pixel over a few channels takes ten times as long as a product of the
same size, and an instance norm turns its input over and back (measured on Zen 4). These go through
``cpp/src/layers.cpp``: three to six times as fast, and with one rounding to bfloat16 where a chain of
operations has several. Any number of threads gives the same bits. On an NVIDIA GPU they are those of
:mod:`styleshift.networks.gpu_kernels`, in any precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from styleshift.frontend import _native

_off = 0


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Inside, layers are PyTorch's operations, whose gradients have gradients, as penalties need."""
    global _off
    _off += 1
    try:
        yield
    finally:
        _off -= 1


def _may_fuse(input: Tensor) -> bool:
    """Gradients are wanted of an image; not in conversion or export, nor under ``torch.compile``."""
    wanted = not _off and torch.is_grad_enabled() and not torch.compiler.is_compiling()
    return wanted and input.is_floating_point() and input.dim() == 4


def _on_cpu(input: Tensor) -> bool:
    """They are wanted of bfloat16 on a CPU."""
    return input.device.type == "cpu" and input.dtype == torch.bfloat16 and _may_fuse(input)


def _on_gpu(input: Tensor) -> bool:
    """They are wanted on an NVIDIA GPU whose kernels work."""
    return input.device.type == "cuda" and _may_fuse(input) and not gpu_problem()


@lru_cache(maxsize=1)
def gpu_problem() -> str:
    """Why :mod:`styleshift.networks.gpu_kernels` cannot be used here; empty where it can."""
    if find_spec("triton") is None:
        return "Triton is not installed"
    from styleshift.networks.gpu_kernels import problem

    return problem()


def fused_norm_silu(input: Tensor, scale: Tensor) -> Tensor | None:
    """:class:`styleshift.networks.layers.ChannelNorm` and SiLU in one step.

    None where the layers are to be taken one after the other.
    """
    function: Any = None
    channels = input.shape[1]
    if _on_cpu(input) and takes_norm(channels):
        function = NormSiLU
    elif _on_gpu(input) and channels <= _native.most_norm_channels:
        from styleshift.networks import gpu_kernels

        function = gpu_kernels.GpuNormSiLU
    return None if function is None else function.apply(input, scale)


def fused_instance_norm(input: Tensor, weight: Tensor, bias: Tensor, slope: float) -> Tensor | None:
    """An instance norm and the activation after it in one step.

    None where the layers are to be taken one after the other.
    """
    function: Any = None
    if _on_cpu(input) and takes_instance_norm(input.shape[1]):
        function = InstanceNormActivation
    elif _on_gpu(input):
        from styleshift.networks import gpu_kernels

        function = gpu_kernels.GpuInstanceNormActivation
    return None if function is None else function.apply(input, weight, bias, slope)


def keeps_channels_last(channels: int, device: torch.device) -> bool:
    """An instance norm of so many channels is taken in that layout, where bfloat16 is trained in."""
    return not gpu_problem() if device.type == "cuda" else takes_instance_norm(channels)


def takes_norm(channels: int) -> bool:
    """:class:`NormSiLU` can be taken of so many channels."""
    inside = _native.least_norm_channels <= channels <= _native.most_norm_channels
    return inside and channels & (channels - 1) == 0  # a power of two


def takes_instance_norm(channels: int) -> bool:
    """:class:`InstanceNormActivation` can be taken of so many channels."""
    return channels % _native.instance_norm_multiple == 0


class NormSiLU(torch.autograd.Function):
    """``silu(x / rms(x) * scale)``, the root mean square over channels.

    See :class:`styleshift.networks.layers.ChannelNorm`.
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, scale: Tensor) -> Tensor:
        """``[batch, channel, bin, frame]`` bfloat16, :func:`takes_norm`, and ``[1, channel, 1, 1]``."""
        rows, weight = _rows(input), scale.reshape(-1).float()
        made = torch.empty_like(rows)
        _run(_native.norm_silu, rows, weight, made)
        ctx.save_for_backward(rows, weight)
        return _image(made, input.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Of the input and of the scale."""
        rows, weight = ctx.saved_tensors
        made, of_scale = torch.empty_like(rows), torch.empty_like(weight)
        _run(_native.norm_silu_backward, rows, weight, _rows(gradient), made, of_scale)
        return _image(made, gradient.shape), of_scale.reshape(1, -1, 1, 1)


class InstanceNormActivation(torch.autograd.Function):
    """Instance norm, then ``v`` where it is positive, ``slope * v`` elsewhere (1: no activation, 0: ReLU)."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, bias: Tensor, slope: float) -> Tensor:
        """``[batch, channel, bin, frame]`` bfloat16, :func:`takes_instance_norm`, and ``[channel]`` twice."""
        images = _images(input)
        scale, shift = weight.detach().float(), bias.detach().float()
        made = torch.empty_like(images)
        mean, inverse = torch.empty(2, *input.shape[:2]).unbind()
        _run(_native.instance_norm, images, scale, shift, slope, made, mean, inverse)
        ctx.save_for_backward(images, scale, shift, mean, inverse)
        ctx.slope = slope
        return _image(made, input.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Of the input, of weight and of bias."""
        images, scale, shift, mean, inverse = ctx.saved_tensors
        made = torch.empty_like(images)
        of_scale, of_shift = torch.empty_like(scale), torch.empty_like(shift)
        known = (images, scale, shift, ctx.slope, mean, inverse)
        _run(_native.instance_norm_backward, *known, _images(gradient), made, of_scale, of_shift)
        return _image(made, gradient.shape), of_scale, of_shift, None


def add_along_frames(input: Tensor, added: Tensor) -> Tensor:
    """``[batch, channel, bin, frame]`` and the same for each frame, ``[1, channel, bin, 1]``.

    With the channels innermost PyTorch adds a few values at a time, and sums them so for the gradient. A
    product with ones where it belongs lays them out along the frames first: exact, and eight times as fast.
    """
    if not (_on_cpu(input) and input.is_contiguous(memory_format=torch.channels_last)):
        return input + added
    batch, channels, bins, frames = input.shape
    repeat = torch.eye(channels, dtype=input.dtype).repeat(1, frames)
    rows = input.permute(0, 2, 3, 1).reshape(batch, bins, frames * channels)
    rows = rows + added.reshape(channels, bins).t() @ repeat
    return _image(rows, input.shape)


def _rows(image: Tensor) -> Tensor:
    """``[batch, channel, bin, frame]`` as ``[pixel, channel]``; a view where channels are innermost."""
    return image.detach().permute(0, 2, 3, 1).reshape(-1, image.shape[1]).contiguous()


def _images(image: Tensor) -> Tensor:
    """``[batch, channel, bin, frame]`` as contiguous ``[batch, pixel, channel]``."""
    return _rows(image).reshape(image.shape[0], -1, image.shape[1])


def _image(rows: Tensor, shape: torch.Size) -> Tensor:
    batch, channels, bins, frames = shape
    return rows.view(batch, bins, frames, channels).permute(0, 3, 1, 2)


def _run(kernel: Callable[..., None], *given: Tensor | float) -> None:
    """A kernel of the C++ library, on tensors as they lie in memory, bfloat16 as its bits."""
    arrays = [
        (value.view(torch.uint16) if value.dtype == torch.bfloat16 else value).numpy()
        if isinstance(value, Tensor)
        else value
        for value in given
    ]
    kernel(*arrays, torch.get_num_threads())
