"""A U-Net generator for styleshift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from styleshift.errors import ConfigError
from styleshift.hooks import GeneratorSpec, hookimpl

if TYPE_CHECKING:
    from torch import nn

    from styleshift.frontend import SpectrogramConfig


@dataclass(frozen=True, slots=True)
class UNetOptions:
    """Options of the generator ``unet``; the keys of a recipe's ``[generator]``.

    Attributes:
        channels: feature maps at full resolution; they double at each level, up to eight times as many.
        levels: how often bins and frames are halved. Each level doubles how far the network looks.
        residual: True adds what the network says to its input, and starts as the identity. False returns
            what the network says, which must then learn to reproduce its input first.
    """

    channels: int = 16
    levels: int = 4
    residual: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.channels <= 512:
            raise ConfigError(f"unet channels is {self.channels}; it must be from 1 to 512")
        if not 1 <= self.levels <= 6:
            raise ConfigError(f"unet levels is {self.levels}; it must be from 1 to 6")


def _build(options: UNetOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift_unet.network import UNet

    return UNet(options, spectrogram.bins)


@hookimpl
def styleshift_generators() -> list[GeneratorSpec]:
    """The generator ``unet``."""
    return [
        GeneratorSpec(
            name="unet",
            summary="a U-Net over all bins at full resolution; starts as the identity",
            config=UNetOptions,
            build=_build,
            time_multiple=1,
        )
    ]
