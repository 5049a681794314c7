"""Norms with the activation after them, in few passes, for training on an NVIDIA GPU: in Triton.

PyTorch takes seven kernels and as many passes through memory for a :class:`ChannelNorm` with its SiLU, and
turns the image over and back for an instance norm of channels-last images. Here one and three are enough, in
either layout and without changing it, with statistics in float32. Triton comes with PyTorch for CUDA (Tillet,
Kung and Cox 2019); without it, layers are PyTorch's.

The Triton kernels read ``[image, pixel, channel]`` by strides, ``sb``, ``sp`` and ``sc``. None adds to memory
that another program adds to, so the same input gives the same bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from styleshift.frontend import _native

try:
    import triton
    import triton.language as tl
    from triton.language import constexpr

    kernel = triton.jit
    # Of the globals of Python a kernel may read such ones alone.
    _CHANNEL_NORM_EPSILON = constexpr(_native.channel_norm_epsilon)
    _INSTANCE_NORM_EPSILON = constexpr(_native.instance_norm_epsilon)
except ModuleNotFoundError:  # then styleshift.networks.kernels says so, and nothing here is called

    def kernel(function: Any) -> Any:
        """A kernel that stays Python."""
        return function


MOST_SPANS = 128
"""Programs an image and block of channels that sums are split over, enough to fill a large card."""


@kernel  # type: ignore[untyped-decorator]
def _tile(first, sb, sp, sc, pixels, channels, BLOCK_P: constexpr, BLOCK_C: constexpr):  # type: ignore[no-untyped-def]
    """Offsets and mask of ``[BLOCK_P, BLOCK_C]``, from pixel ``first`` of this program's image."""
    at = first + tl.arange(0, BLOCK_P)
    channel = tl.program_id(2) * BLOCK_C + tl.arange(0, BLOCK_C)
    start = tl.program_id(1).to(tl.int64) * sb
    offsets = start + at.to(tl.int64)[:, None] * sp + channel.to(tl.int64)[None, :] * sc
    return offsets, (at < pixels)[:, None] & (channel < channels)[None, :], channel


@kernel  # type: ignore[untyped-decorator]
def _norm_silu(x, scale, y, pixels, channels, sb, sp, sc, BLOCK_P: constexpr, BLOCK_C: constexpr):  # type: ignore[no-untyped-def]
    where, inside, channel = _tile(tl.program_id(0) * BLOCK_P, sb, sp, sc, pixels, channels, BLOCK_P, BLOCK_C)
    value = tl.load(x + where, mask=inside, other=0.0).to(tl.float32)
    weight = tl.load(scale + channel, mask=channel < channels, other=0.0)
    inverse = 1.0 / tl.sqrt(tl.sum(value * value, axis=1) / channels + _CHANNEL_NORM_EPSILON)
    scaled = value * inverse[:, None] * weight[None, :]
    tl.store(y + where, (scaled * tl.sigmoid(scaled)).to(y.dtype.element_ty), mask=inside)


@kernel  # type: ignore[untyped-decorator]
def _norm_silu_back(  # type: ignore[no-untyped-def]
    x, scale, gradient, dx, dscale, pixels, channels, sb, sp, sc, BLOCK_P: constexpr, BLOCK_C: constexpr
):
    where, inside, channel = _tile(tl.program_id(0) * BLOCK_P, sb, sp, sc, pixels, channels, BLOCK_P, BLOCK_C)
    value = tl.load(x + where, mask=inside, other=0.0).to(tl.float32)
    given = tl.load(gradient + where, mask=inside, other=0.0).to(tl.float32)
    weight = tl.load(scale + channel, mask=channel < channels, other=0.0)
    inverse = (1.0 / tl.sqrt(tl.sum(value * value, axis=1) / channels + _CHANNEL_NORM_EPSILON))[:, None]
    unit = value * inverse
    scaled = unit * weight[None, :]
    sigmoid = tl.sigmoid(scaled)
    given = given * sigmoid * (1.0 + scaled * (1.0 - sigmoid))
    inner = given * weight[None, :]
    along = tl.sum(inner * unit, axis=1)[:, None] / channels
    tl.store(dx + where, (inverse * (inner - along * unit)).to(dx.dtype.element_ty), mask=inside)
    row = tl.program_id(1) * tl.num_programs(0) + tl.program_id(0)
    tl.store(dscale + row * channels + channel, tl.sum(given * unit, axis=0), mask=channel < channels)


@kernel
def _moments(sums, x, sb, sc, pixels, channels, channel):  # type: ignore[no-untyped-def]
    """Mean and inverse deviation of this program's image, from sums about its first pixel."""
    image = tl.program_id(1).to(tl.int64)
    known = channel < channels
    shift = tl.load(x + image * sb + channel.to(tl.int64) * sc, mask=known, other=0.0).to(tl.float32)
    first = tl.load(sums + (2 * image) * channels + channel, mask=known, other=0.0) / pixels
    second = tl.load(sums + (2 * image + 1) * channels + channel, mask=known, other=0.0) / pixels
    variance = tl.maximum(second - first * first, 0.0)
    return shift + first, 1.0 / tl.sqrt(variance + _INSTANCE_NORM_EPSILON)


@kernel  # type: ignore[untyped-decorator]
def _span_sums(  # type: ignore[no-untyped-def]
    x,
    sums,
    weight,
    bias,
    gradient,
    parts,
    slope,
    pixels,
    channels,
    span,
    sb,
    sp,
    sc,
    BACK: constexpr,
    BLOCK_P: constexpr,
    BLOCK_C: constexpr,
):
    """Two sums over each span of pixels.

    Of values and their squares, less the image's first pixel, in which little is lost; or, on the way
    ``BACK``, of the gradient before the activation, and of that times the unit values.
    """
    channel = tl.program_id(2) * BLOCK_C + tl.arange(0, BLOCK_C)
    known = channel < channels
    image = tl.program_id(1).to(tl.int64)
    if BACK:
        mean, inverse = _moments(sums, x, sb, sc, pixels, channels, channel)
        scale = tl.load(weight + channel, mask=known, other=0.0)
        shift = tl.load(bias + channel, mask=known, other=0.0)
    else:
        mean = tl.load(x + image * sb + channel.to(tl.int64) * sc, mask=known, other=0.0).to(tl.float32)
    first, second = tl.zeros((BLOCK_C,), tl.float32), tl.zeros((BLOCK_C,), tl.float32)
    begin = tl.program_id(0) * span
    end = tl.minimum(begin + span, pixels)
    for at in range(begin, end, BLOCK_P):
        where, inside, _ = _tile(at, sb, sp, sc, end, channels, BLOCK_P, BLOCK_C)
        value = tl.load(x + where, mask=inside, other=0.0).to(tl.float32) - mean[None, :]
        if BACK:
            value = value * inverse[None, :]
            given = tl.load(gradient + where, mask=inside, other=0.0).to(tl.float32)
            given = tl.where(value * scale[None, :] + shift[None, :] > 0, given, slope * given)
        else:
            value = tl.where(inside, value, 0.0)
            given = value
        first += tl.sum(given, axis=0)
        second += tl.sum(given * value, axis=0)
    row = 2 * (image * tl.num_programs(0) + tl.program_id(0))
    tl.store(parts + row * channels + channel, first, mask=known)
    tl.store(parts + (row + 1) * channels + channel, second, mask=known)


@kernel  # type: ignore[untyped-decorator]
def _norm_apply(  # type: ignore[no-untyped-def]
    x, sums, weight, bias, y, slope, pixels, channels, sb, sp, sc, BLOCK_P: constexpr, BLOCK_C: constexpr
):
    where, inside, channel = _tile(tl.program_id(0) * BLOCK_P, sb, sp, sc, pixels, channels, BLOCK_P, BLOCK_C)
    mean, inverse = _moments(sums, x, sb, sc, pixels, channels, channel)
    scale = tl.load(weight + channel, mask=channel < channels, other=0.0) * inverse
    shift = tl.load(bias + channel, mask=channel < channels, other=0.0)
    value = tl.load(x + where, mask=inside, other=0.0).to(tl.float32)
    value = (value - mean[None, :]) * scale[None, :] + shift[None, :]
    value = tl.where(value > 0, value, slope * value)
    tl.store(y + where, value.to(y.dtype.element_ty), mask=inside)


@kernel  # type: ignore[untyped-decorator]
def _norm_back(  # type: ignore[no-untyped-def]
    x,
    sums,
    weight,
    bias,
    gradient,
    of_gradient,
    dx,
    slope,
    pixels,
    channels,
    sb,
    sp,
    sc,
    BLOCK_P: constexpr,
    BLOCK_C: constexpr,
):
    where, inside, channel = _tile(tl.program_id(0) * BLOCK_P, sb, sp, sc, pixels, channels, BLOCK_P, BLOCK_C)
    known = channel < channels
    mean, inverse = _moments(sums, x, sb, sc, pixels, channels, channel)
    scale = tl.load(weight + channel, mask=known, other=0.0)
    shift = tl.load(bias + channel, mask=known, other=0.0)
    row = 2 * tl.program_id(1).to(tl.int64)
    first = tl.load(of_gradient + row * channels + channel, mask=known, other=0.0) / pixels
    second = tl.load(of_gradient + (row + 1) * channels + channel, mask=known, other=0.0) / pixels
    value = tl.load(x + where, mask=inside, other=0.0).to(tl.float32)
    given = tl.load(gradient + where, mask=inside, other=0.0).to(tl.float32)
    unit = (value - mean[None, :]) * inverse[None, :]
    given = tl.where(unit * scale[None, :] + shift[None, :] > 0, given, slope * given)
    made = (scale * inverse)[None, :] * (given - first[None, :] - unit * second[None, :])
    tl.store(dx + where, made.to(dx.dtype.element_ty), mask=inside)


class GpuNormSiLU(torch.autograd.Function):
    """``silu(x / rms(x) * scale)``: :class:`styleshift.networks.kernels.NormSiLU` on a GPU."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, scale: Tensor) -> Tensor:
        """``[batch, channel, bin, frame]`` of any floating type, and ``[1, channel, 1, 1]``."""
        image, weight = _dense(input.detach()), scale.detach().reshape(-1).float()
        made = torch.empty_like(image)
        grid, shape = _rows(image)
        _launch(_norm_silu, grid, image, weight, made, *shape)
        ctx.save_for_backward(image, weight)
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Of the input and of the scale."""
        image, weight = ctx.saved_tensors
        grid, shape = _rows(image)
        made, parts = torch.empty_like(image), weight.new_empty(grid[0] * grid[1], len(weight))
        _launch(_norm_silu_back, grid, image, weight, _like(gradient, image), made, parts, *shape)
        return made, parts.sum(dim=0).view(1, -1, 1, 1)


class GpuInstanceNormActivation(torch.autograd.Function):
    """Instance norm, then ``v`` where it is positive, ``slope * v`` elsewhere, on a GPU."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, bias: Tensor, slope: float) -> Tensor:
        """``[batch, channel, bin, frame]`` of any floating type, and ``[channel]`` twice."""
        image, scale, shift = _dense(input.detach()), weight.detach().float(), bias.detach().float()
        grid, shape = _tiles(image)
        spans, span, parts = _spans(image, grid)
        nothing = scale, shift, image, parts, slope  # of the gradient, which is not there yet
        _launch(_span_sums, spans, image, parts, *nothing, *shape[:2], span, *shape[2:5], False, *shape[5:])
        sums, made = parts.sum(dim=1), torch.empty_like(image)
        _launch(_norm_apply, grid, image, sums, scale, shift, made, slope, *shape)
        ctx.save_for_backward(image, sums, scale, shift)
        ctx.slope = slope
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Of the input, of weight and of bias."""
        image, sums, scale, shift = ctx.saved_tensors
        grid, shape = _tiles(image)
        spans, span, parts = _spans(image, grid)
        given = (image, sums, scale, shift, _like(gradient, image))
        _launch(_span_sums, spans, *given, parts, ctx.slope, *shape[:2], span, *shape[2:5], True, *shape[5:])
        of_gradient, made = parts.sum(dim=1), torch.empty_like(image)
        _launch(_norm_back, grid, *given, of_gradient, made, ctx.slope, *shape)
        of_shift, of_scale = of_gradient.sum(dim=0).unbind()
        return made, of_scale, of_shift, None


@lru_cache(maxsize=1)
def problem() -> str:
    """Why the kernels cannot be used here, found out by a trial; empty where they can."""
    try:
        image = torch.ones(1, 16, 2, 2, device="cuda", requires_grad=True)
        ones = torch.ones(16, device="cuda")
        made = GpuInstanceNormActivation.apply(image, ones, ones, 0.0)  # type: ignore[no-untyped-call]
        GpuNormSiLU.apply(made, ones.view(1, -1, 1, 1)).sum().backward()  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
    except Exception as error:  # it calls compilers, so anything may come
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""


def _launch(program: Any, grid: tuple[int, int, int], image: Tensor, *given: Any) -> None:
    """On the image's GPU, which need not be the current one."""
    with torch.cuda.device_of(image):  # type: ignore[no-untyped-call]
        program[grid](image, *given)


def _dense(image: Tensor) -> Tensor:
    """In one of the two layouts."""
    return image if image.is_contiguous(memory_format=torch.channels_last) else image.contiguous()


def _like(gradient: Tensor, image: Tensor) -> Tensor:
    """In the image's layout, for which one copy is made where it is in the other."""
    if gradient.stride() == image.stride():
        return gradient
    return torch.empty_like(image, dtype=gradient.dtype).copy_(gradient)


def _shape(image: Tensor, block_p: int, block_c: int) -> tuple[int, ...]:
    """What kernels are told last: pixels, channels, strides, the size of a tile."""
    _, channels, bins, frames = image.shape
    first, sc, row, sp = image.stride()
    # The stride of a single frame says nothing.
    return bins * frames, channels, first, sp if frames > 1 else row, sc, block_p, block_c


def _rows(image: Tensor) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Programs that each see whole pixels, and :func:`_shape`."""
    block_c = triton.next_power_of_2(image.shape[1])
    block_p = max(1, min(128, 4096 // block_c))
    shape = _shape(image, block_p, block_c)
    return (triton.cdiv(shape[0], block_p), image.shape[0], 1), shape


def _tiles(image: Tensor) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Programs that each see some pixels and some channels, and :func:`_shape`."""
    block_c = min(64, triton.next_power_of_2(image.shape[1]))
    block_p = 4096 // block_c
    shape = _shape(image, block_p, block_c)
    return (triton.cdiv(shape[0], block_p), image.shape[0], triton.cdiv(shape[1], block_c)), shape


def _spans(image: Tensor, grid: tuple[int, int, int]) -> tuple[tuple[int, int, int], int, Tensor]:
    """Programs that each sum over a span of pixels; its length; ``[image, span, 2, channel]`` for sums."""
    count = min(grid[0], MOST_SPANS)
    span = triton.cdiv(image.shape[2] * image.shape[3], count)
    parts = torch.empty(image.shape[0], count, 2, image.shape[1], device=image.device)
    return (count, *grid[1:]), span, parts
