"""A U-Net generator for styleshift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from styleshift.hooks import GeneratorSpec, hookimpl, settings

if TYPE_CHECKING:
    from torch import nn

    from styleshift.frontend import SpectrogramConfig


@settings
class UNetOptions:
    """Options of the generator ``unet``; the keys of a recipe's ``[generator]``."""

    channels: int = Field(default=16, ge=1, le=512)
    """Feature maps at full resolution; they double at each level, up to eight times as many."""
    levels: int = Field(default=4, ge=1, le=6)
    """How often bins and frames are halved. Each level doubles how far the network looks."""
    residual: bool = True
    """True adds what the network says to its input, and starts as the identity. False returns what the
    network says, which must then learn to reproduce its input first."""


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
