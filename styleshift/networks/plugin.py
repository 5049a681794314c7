"""The built-in generators come in through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from styleshift.hooks.records import GeneratorSpec
from styleshift.hooks.specs import hookimpl
from styleshift.networks.options import ResidualGeneratorOptions, SeedGeneratorOptions

if TYPE_CHECKING:
    from torch import nn

    from styleshift.frontend import SpectrogramConfig


def _seed(options: SeedGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.seed import SeedGenerator

    return SeedGenerator(options, spectrogram.bins)


def _residual(options: ResidualGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.residual import ResidualGenerator

    return ResidualGenerator(options, spectrogram)


@hookimpl
def styleshift_generators() -> Iterable[GeneratorSpec]:
    """The generators ``seed`` and ``residual``."""
    return [
        GeneratorSpec(
            name="seed",
            summary="2 strided convolutions, 9 ResNet layers, 2 transposed convolutions, instance norm",
            config=SeedGeneratorOptions,
            build=_seed,
            time_multiple=4,
        ),
        GeneratorSpec(
            name="residual",
            summary="a bounded change of the log spectrum added to the input; starts as no change",
            config=ResidualGeneratorOptions,
            build=_residual,
            time_multiple=16,
        ),
    ]
