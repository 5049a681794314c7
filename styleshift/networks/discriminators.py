"""The built-in discriminators, by the name that a recipe's ``[discriminator]`` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from styleshift.errors import ConfigError
from styleshift.hooks.registry import build_config
from styleshift.networks.options import PatchDiscriminatorOptions, SeedDiscriminatorOptions
from styleshift.words import did_you_mean

if TYPE_CHECKING:
    from torch import nn

    from styleshift.frontend import SpectrogramConfig


@dataclass(frozen=True, slots=True)
class DiscriminatorSpec:
    """A discriminator architecture.

    Attributes:
        config: dataclass of its options.
        build: ``build(config, spectrogram, frames)`` returns a module that maps normalised log magnitudes
            ``[batch, 1, bin, frame]`` to logits ``[batch, any]``, and has ``features(input)``, the list of
            what its layers give.
    """

    config: type
    build: Callable[[Any, SpectrogramConfig, int], nn.Module]


def _seed(options: SeedDiscriminatorOptions, spectrogram: SpectrogramConfig, frames: int) -> nn.Module:
    from styleshift.networks.seed import SeedDiscriminator

    return SeedDiscriminator(options, spectrogram.bins, frames)


def _patch(options: PatchDiscriminatorOptions, spectrogram: SpectrogramConfig, frames: int) -> nn.Module:
    from styleshift.networks.patch import PatchDiscriminator

    return PatchDiscriminator(options, spectrogram, frames)


DISCRIMINATORS: dict[str, DiscriminatorSpec] = {
    "seed": DiscriminatorSpec(SeedDiscriminatorOptions, _seed),
    "patch": DiscriminatorSpec(PatchDiscriminatorOptions, _patch),
}


def build_discriminator(
    name: str, options: Mapping[str, Any], spectrogram: SpectrogramConfig, frames: int
) -> nn.Module:
    """Build a discriminator for crops of ``frames`` frames.

    Raises:
        ConfigError: no such discriminator, an unknown option, a crop that is too small.
    """
    spec = DISCRIMINATORS.get(name)
    if spec is None:
        raise ConfigError(
            f"there is no discriminator {name!r}; there are: {', '.join(DISCRIMINATORS)}",
            did_you_mean(name, DISCRIMINATORS, "{!r}"),
        )
    config = build_config(spec.config, options, f"discriminator {name}")
    return spec.build(config, spectrogram, frames)
