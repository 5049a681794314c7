"""Rooms and hiss, on powers: those of sounds with unrelated phases add."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from styleshift.frontend import compressed, expanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from styleshift.frontend import SpectrogramConfig
    from styleshift_live import HissOptions, RoomOptions

_SIXTY_DB = 6 * math.log(10)  # in nepers of power


def room(options: RoomOptions, spectrogram: SpectrogramConfig) -> Callable[[Tensor, Tensor], Tensor]:
    """Each frame is heard again in those after it, softer and softer (Polack 1988), at the same level."""
    length = max(2, min(512, math.ceil(options.seconds * spectrogram.frame_rate)))

    def augment(crops: Tensor, random: Tensor) -> Tensor:
        count = len(crops)
        seconds = options.seconds * (0.1 + 0.9 * random[:, 0, 0, 0])
        wet = options.wet * random[:, 0, 1, 0]
        later = torch.arange(length, device=crops.device) / spectrogram.frame_rate
        echo = torch.exp(-_SIXTY_DB * later / seconds[:, None])
        echo = wet[:, None] * echo / echo.sum(dim=1, keepdim=True)
        echo[:, 0] += 1  # the sound itself
        echo = (echo / (1 + wet[:, None])).flip(1)[:, None, None]
        power = expanded(crops, spectrogram).square().transpose(0, 1)
        heard = functional.conv2d(functional.pad(power, (length - 1, 0)), echo, groups=count)
        return compressed(heard.transpose(0, 1).clamp(min=0).sqrt(), spectrogram)

    return augment


def hiss(options: HissOptions, spectrogram: SpectrogramConfig) -> Callable[[Tensor, Tensor], Tensor]:
    """White noise under the music: power in each bin is drawn from an exponential distribution."""
    low, high = sorted((options.quietest_db, options.loudest_db))

    def augment(crops: Tensor, random: Tensor) -> Tensor:
        power = expanded(crops, spectrogram).square()
        level = 10 ** ((low + (high - low) * random[:, :, :1, :1]) / 10) * power.mean(
            dim=(1, 2, 3), keepdim=True
        )
        noise = -torch.log1p(-random.flip(3).clamp(max=1 - 1e-6))
        return compressed((power + level * noise).sqrt(), spectrogram)

    return augment
