"""The built-in generators and discriminators come in through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from styleshift.hooks.records import DiscriminatorSpec, GeneratorSpec
from styleshift.hooks.specs import hookimpl
from styleshift.networks.options import (
    FineGeneratorOptions,
    OneDimensionalGeneratorOptions,
    PatchDiscriminatorOptions,
    ResidualGeneratorOptions,
    ResizeGeneratorOptions,
    SeedDiscriminatorOptions,
    SeedGeneratorOptions,
    TwoOneTwoGeneratorOptions,
)

if TYPE_CHECKING:
    from torch import nn

    from styleshift.frontend import SpectrogramConfig


def _seed(options: SeedGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.seed import SeedGenerator

    return SeedGenerator(options, spectrogram.bins)


def _resize(options: ResizeGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.resize import ResizeGenerator

    return ResizeGenerator(options, spectrogram.bins)


def _one(options: OneDimensionalGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.voice import OneDimensionalGenerator

    return OneDimensionalGenerator(options, spectrogram.bins)


def _two_one_two(options: TwoOneTwoGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.voice import TwoOneTwoGenerator

    return TwoOneTwoGenerator(options, spectrogram.bins)


def _residual(options: ResidualGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.residual import ResidualGenerator

    return ResidualGenerator(options, spectrogram)


def _fine(options: FineGeneratorOptions, spectrogram: SpectrogramConfig) -> nn.Module:
    from styleshift.networks.fine import FineGenerator

    return FineGenerator(options, spectrogram)


@hookimpl
def styleshift_generators() -> Iterable[GeneratorSpec]:
    """The generators ``seed``, ``resize``, ``1d``, ``2-1-2d``, ``residual`` and ``fine``."""
    return [
        GeneratorSpec(
            name="seed",
            summary="2 strided convolutions, 9 ResNet layers, 2 transposed convolutions, instance norm",
            config=SeedGeneratorOptions,
            build=_seed,
        ),
        GeneratorSpec(
            name="resize",
            summary="the seed's with resize and convolution in the place of transposed convolutions",
            config=ResizeGeneratorOptions,
            build=_resize,
        ),
        GeneratorSpec(
            name="1d",
            summary="gated convolutions over time with bins as channels (CycleGAN-VC)",
            config=OneDimensionalGeneratorOptions,
            build=_one,
        ),
        GeneratorSpec(
            name="2-1-2d",
            summary="2-D where the size changes, 1-D over time between (CycleGAN-VC2)",
            config=TwoOneTwoGeneratorOptions,
            build=_two_one_two,
        ),
        GeneratorSpec(
            name="residual",
            summary="a bounded change of the log spectrum added to the input; starts as no change",
            config=ResidualGeneratorOptions,
            build=_residual,
            time_multiple=16,
        ),
        GeneratorSpec(
            name="fine",
            summary="keeps, damps or replaces every bin, knowing onsets and the past; starts as no change",
            config=FineGeneratorOptions,
            build=_fine,
            time_multiple=16,
        ),
    ]


def _seed_discriminator(
    options: SeedDiscriminatorOptions, spectrogram: SpectrogramConfig, frames: int
) -> nn.Module:
    from styleshift.networks.seed import SeedDiscriminator

    return SeedDiscriminator(options, spectrogram.bins, frames)


def _patch(options: PatchDiscriminatorOptions, spectrogram: SpectrogramConfig, frames: int) -> nn.Module:
    from styleshift.networks.patch import PatchDiscriminator

    return PatchDiscriminator(options, spectrogram, frames)


@hookimpl
def styleshift_discriminators() -> Iterable[DiscriminatorSpec]:
    """The discriminators ``seed`` and ``patch``."""
    return [
        DiscriminatorSpec(
            name="seed",
            summary="5 strided convolutions and a dense layer: one answer for a crop of one length",
            config=SeedDiscriminatorOptions,
            build=_seed_discriminator,
        ),
        DiscriminatorSpec(
            name="patch",
            summary="an answer for each patch of a crop, on frequency bands, at one or several scales",
            config=PatchDiscriminatorOptions,
            build=_patch,
        ),
    ]
