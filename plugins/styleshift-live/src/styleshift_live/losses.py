"""The loss that keeps the harmony."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from styleshift.frontend import expanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from styleshift.frontend import SpectrogramConfig
    from styleshift_live import ChromaOptions

COMPRESSION = 100.0
"""Of log(1 + C x): soft overtones count nearly as much as loud ones, so that timbre changes harmony little
(Mueller and Ewert 2011)."""

_LOUDEST = 20.0  # of a log magnitude: what a young generator makes beyond it would overflow
_A4_HZ = 440.0


def pitch_classes(options: ChromaOptions, spectrogram: SpectrogramConfig) -> Tensor:
    """``[12, bins]``: how much of each bin belongs to each pitch class, from A; shared between neighbours."""
    bins = torch.arange(spectrogram.bins, dtype=torch.float64)
    hertz = bins * spectrogram.sample_rate / spectrogram.fft_length
    semitones = 12 * torch.log2(hertz.clamp(min=1.0) / _A4_HZ)
    classes = torch.arange(12, dtype=torch.float64)[:, None]
    distance = ((semitones[None] - classes + 6) % 12 - 6).abs()
    heard = (hertz >= options.lowest_hz) & (hertz <= options.highest_hz)
    return ((1 - distance).clamp(min=0) * heard).float()


def chroma_loss(
    options: ChromaOptions, spectrogram: SpectrogramConfig, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """One minus the correlation of both chromagrams, over all frames and pitch classes of a crop."""
    classes = pitch_classes(options, spectrogram).to(device)

    def chroma(log_magnitude: Tensor) -> Tensor:
        power = expanded(log_magnitude[:, 0].clamp(max=_LOUDEST), spectrogram).square()
        found = torch.einsum("kb,nbt->nkt", classes, power)
        wide = torch.log1p(COMPRESSION * found / (found.mean(dim=(1, 2), keepdim=True) + 1e-12))
        return wide - wide.mean(dim=1, keepdim=True)

    def loss(source: Tensor, converted: Tensor) -> Tensor:
        wanted, made = chroma(source), chroma(converted)
        product = (wanted * made).sum(dim=(1, 2))
        sizes = wanted.square().sum(dim=(1, 2)) * made.square().sum(dim=(1, 2))
        return 1 - (product / (sizes + 1e-6).sqrt()).mean()

    return loss
