"""The built-in generators and discriminators come in through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from styleshift.hooks.records import DiscriminatorSpec, GeneratorSpec
from styleshift.hooks.specs import hookimpl
from styleshift.networks import options

if TYPE_CHECKING:
    from torch import nn


def _lazily(name: str) -> Callable[..., nn.Module]:
    """What builds a network of this package, whose module, and PyTorch with it, is imported only then."""

    def build(*settings: Any) -> nn.Module:
        network: nn.Module = resolve_name(f"styleshift.networks.{name}")(*settings)
        return network

    return build


@hookimpl
def styleshift_generators() -> Iterable[GeneratorSpec]:
    """The generators ``seed``, ``resize``, ``1d``, ``2-1-2d``, ``residual`` and ``fine``."""
    return [
        GeneratorSpec(
            name="seed",
            summary="2 strided convolutions, 9 ResNet layers, 2 transposed convolutions, instance norm",
            config=options.SeedGeneratorOptions,
            build=_lazily("seed:SeedGenerator"),
        ),
        GeneratorSpec(
            name="resize",
            summary="the seed's with resize and convolution in the place of transposed convolutions",
            config=options.ResizeGeneratorOptions,
            build=_lazily("resize:ResizeGenerator"),
        ),
        GeneratorSpec(
            name="1d",
            summary="gated convolutions over time with bins as channels (CycleGAN-VC)",
            config=options.OneDimensionalGeneratorOptions,
            build=_lazily("voice:OneDimensionalGenerator"),
        ),
        GeneratorSpec(
            name="2-1-2d",
            summary="2-D where the size changes, 1-D over time between (CycleGAN-VC2)",
            config=options.TwoOneTwoGeneratorOptions,
            build=_lazily("voice:TwoOneTwoGenerator"),
        ),
        GeneratorSpec(
            name="residual",
            summary="a bounded change of the log spectrum added to the input; starts as no change",
            config=options.ResidualGeneratorOptions,
            build=_lazily("residual:ResidualGenerator"),
            time_multiple=16,
        ),
        GeneratorSpec(
            name="fine",
            summary="keeps, damps or replaces every bin, knowing onsets and the past; starts as no change",
            config=options.FineGeneratorOptions,
            build=_lazily("fine:FineGenerator"),
            time_multiple=16,
        ),
    ]


@hookimpl
def styleshift_discriminators() -> Iterable[DiscriminatorSpec]:
    """The discriminators ``seed`` and ``patch``."""
    return [
        DiscriminatorSpec(
            name="seed",
            summary="5 strided convolutions and a dense layer: one answer for a crop of one length",
            config=options.SeedDiscriminatorOptions,
            build=_lazily("seed:SeedDiscriminator"),
        ),
        DiscriminatorSpec(
            name="patch",
            summary="an answer for each patch of a crop, on frequency bands, at one or several scales",
            config=options.PatchDiscriminatorOptions,
            build=_lazily("patch:PatchDiscriminator"),
        ),
    ]
