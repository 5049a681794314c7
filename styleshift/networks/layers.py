"""Layers that several networks share."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

import torch
from torch import Tensor, nn

from styleshift.frontend import _native
from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.kernels import fused_instance_norm


class InstanceNorm2d(nn.InstanceNorm2d):
    """Instance norm with learned scale and shift, whose gradient is right.

    PyTorch's own (2.13, CPU, eager) silently returns a wrong input gradient for a batch of one when the
    gradient that reaches it lies in memory channels last. A network trained that way learns to paint a
    constant. Here input and gradient are made contiguous first, or the whole is computed by our own kernel.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_native.instance_norm_epsilon, affine=True)

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, bin, frame]`` to the same shape."""
        fused = fused_instance_norm(input, self.weight, self.bias, 1.0)
        if fused is not None:
            return fused
        output = super().forward(input.contiguous())
        if output.requires_grad and not torch.compiler.is_compiling():
            output.register_hook(torch.Tensor.contiguous)  # type: ignore[no-untyped-call]
        return output


class ChannelNorm(nn.Module):
    """Root-mean-square norm over channels, at each bin and frame on its own (Zhang and Sennrich 2019).

    Takes no statistics over time, so a long input and its pieces come out alike.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[batch, channel, bin, frame]`` to the same shape."""
        power = input.square().mean(dim=1, keepdim=True)
        return input * torch.rsqrt(power + _native.channel_norm_epsilon) * self.scale


def activation(channels: int) -> tuple[nn.Module, nn.Module]:
    """Norm and SiLU, which stand before convolutions here: pre-activation (He et al. 2016b)."""
    return ChannelNorm(channels), nn.SiLU()


class DropTopBin(nn.Module):
    """Leave out the bins above the last multiple of four (one: the Nyquist bin of an even FFT)."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.kept = bins - bins % 4

    def forward(self, input: Tensor) -> Tensor:
        """``[batch, channel, bin, frame]`` with the lowest ``kept`` bins."""
        return input[:, :, : self.kept]


def repeat_top_bin(input: Tensor, bins: int) -> Tensor:
    """Fill ``[batch, channel, bin, frame]`` up to ``bins`` bins with copies of its highest bin."""
    missing = bins - input.shape[2]
    return torch.cat([input, *[input[:, :, -1:]] * missing], dim=2) if missing else input


def band_positions(spectrogram: SpectrogramConfig, bands: int) -> Tensor:
    """Where each bin lies on an axis of bands that are one bin wide at the bottom and even in mel above.

    The axis grows by min(1, s / (700 Hz + f)) bands a bin, the slope of the mel scale (O'Shaughnessy 1987)
    where that is less than one, with s such that the last bin lies on the last band.

    Returns:
        ``[bins]`` float64, from 0 to ``bands - 1``, never decreasing.
    """
    bins = spectrogram.bins
    if bands >= bins:
        return torch.linspace(0, bands - 1, bins, dtype=torch.float64)
    frequency = torch.arange(bins - 1, dtype=torch.float64) + 0.5
    frequency = frequency * spectrogram.sample_rate / spectrogram.fft_length
    low, high = 0.0, 1e6
    for _ in range(100):
        slope = (low + high) / 2
        steps = torch.clamp(slope / (700.0 + frequency), max=1.0)
        low, high = (slope, high) if float(steps.sum()) < bands - 1 else (low, slope)
    positions = torch.cat([torch.zeros(1, dtype=torch.float64), steps.cumsum(0)])
    return positions * ((bands - 1) / positions[-1])


class Bands(nn.Module):
    """Between bins and bands: averages on the way there, linear interpolation on the way back.

    Args:
        spectrogram: decides bins and their frequencies.
        bands: how many.
    """

    def __init__(self, spectrogram: SpectrogramConfig, bands: int) -> None:
        super().__init__()
        positions = band_positions(spectrogram, bands)
        index = torch.arange(bands, dtype=torch.float64)
        spread = torch.clamp(1 - (positions[:, None] - index[None, :]).abs(), min=0)  # [bins, bands]
        self.to_bands: Tensor
        self.to_bins: Tensor
        self.register_buffer("to_bands", (spread / spread.sum(0, keepdim=True)).T.float().contiguous(), False)
        self.register_buffer("to_bins", spread.float().contiguous(), False)

    def forward(self, input: Tensor) -> Tensor:
        """``[batch, channel, bin, frame]`` to ``[batch, channel, band, frame]``: weighted means of bins."""
        return torch.matmul(self.to_bands, input)

    def back(self, input: Tensor) -> Tensor:
        """``[batch, channel, band, frame]`` to ``[batch, channel, bin, frame]``: linear interpolation."""
        return torch.matmul(self.to_bins, input)


def dcgan_init(module: nn.Module) -> None:
    """Normal weights of standard deviation 0.02 for convolutions and dense layers, zero biases (DCGAN)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, 0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def same_convolution(inputs: int, outputs: int, width: int = 3) -> nn.Conv2d:
    """A stride-1 convolution that keeps the size, with weights of variance 1 / fan-in."""
    layer = nn.Conv2d(inputs, outputs, width, padding=width // 2)
    nn.init.normal_(layer.weight, 0.0, 1 / math.sqrt(inputs * width * width))
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def chosen_outputs(layers: Iterable[nn.Module], input: Tensor, at: Collection[int]) -> list[Tensor]:
    """Run ``layers`` in turn as far as needed; what those numbered in ``at`` give, shallowest first."""
    found = []
    for number, layer in enumerate(layers):
        input = layer(input)
        if number in at:
            found.append(input)
        if number == max(at):
            break
    return found


class Resize(nn.Sequential):
    """Every bin and frame twice, then a convolution of width 3 (Odena, Dumoulin and Olah 2016).

    A transposed convolution of stride 2 overlaps unevenly with itself and leaves a grid.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Upsample(scale_factor=2.0, mode="nearest"), nn.Conv2d(inputs, outputs, 3, padding=1)
        )


def zero_(layer: nn.Module) -> None:
    """Let a last convolution give nothing at the start, so that what is added to the input is nothing."""
    while isinstance(layer, nn.Sequential):
        layer = layer[-1]
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    assert layer.bias is not None
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
