"""The options of the built-in networks: what a recipe's ``[generator]`` and ``[discriminator]`` may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from styleshift.errors import ConfigError


def _at_least(owner: str, options: Any, **limits: float) -> None:
    for name, low in limits.items():
        if not getattr(options, name) >= low:
            raise ConfigError(
                f"{owner} option {name!r} is {getattr(options, name)!r}; it must be at least {low:g}"
            )


@dataclass(frozen=True, slots=True)
class SeedGeneratorOptions:
    """Options of the generator ``seed``.

    Attributes:
        channels: of the first convolution; the second has twice as many.
        blocks: ResNet layers.
    """

    channels: int = 64
    blocks: int = 9

    def __post_init__(self) -> None:
        _at_least("generator seed", self, channels=1, blocks=0)


@dataclass(frozen=True, slots=True)
class ResizeGeneratorOptions:
    """Options of the generator ``resize``.

    Attributes:
        channels: of the first convolution; the second has twice as many.
        blocks: ResNet layers.
        residual: the output is added to the input, and is nothing at the start; where false the network has
            to learn to reproduce its input first, as the seed's does.
    """

    channels: int = 64
    blocks: int = 9
    residual: bool = False

    def __post_init__(self) -> None:
        _at_least("generator resize", self, channels=1, blocks=0)


@dataclass(frozen=True, slots=True)
class OneDimensionalGeneratorOptions:
    """Options of the generator ``1d``.

    Attributes:
        channels: of the first convolution (128 in the paper); four times as many after two halvings.
        blocks: residual blocks (6 in the paper).
        residual: as in the generator ``resize``.
    """

    channels: int = 128
    blocks: int = 6
    residual: bool = False

    def __post_init__(self) -> None:
        _at_least("generator 1d", self, channels=1, blocks=0)


@dataclass(frozen=True, slots=True)
class TwoOneTwoGeneratorOptions:
    """Options of the generator ``2-1-2d``.

    Attributes:
        channels: of the first convolution (128 in the paper, for 36 cepstra in the place of bins); twice as
            many after that.
        blocks: residual blocks over time (6 in the paper).
        residual: as in the generator ``resize``.
    """

    channels: int = 32
    blocks: int = 6
    residual: bool = False

    def __post_init__(self) -> None:
        _at_least("generator 2-1-2d", self, channels=1, blocks=0)


@dataclass(frozen=True, slots=True)
class ResidualGeneratorOptions:
    """Options of the generator ``residual``.

    Attributes:
        bands: frequency bands, one bin wide at the bottom and even in mel above, in which the change is
            made; every bin's change is interpolated from its two nearest bands.
        channels: at full resolution; twice as many after one halving, four times as many after two or more.
        levels: halvings of bands and frames, so that the deepest level sees ``2 ** levels`` of each at once.
        blocks: residual blocks a level, on the way down and on the way up; full resolution has none.
        bound: largest change, in standard deviations of the log spectrum.
    """

    bands: int = 128
    channels: int = 16
    levels: int = 4
    blocks: int = 1
    bound: float = 4.0

    def __post_init__(self) -> None:
        _at_least("generator residual", self, bands=16, channels=1, levels=1, blocks=1, bound=1e-6)
        if self.levels > 4:
            raise ConfigError(f"generator residual option 'levels' is {self.levels}; it must be at most 4")
        if self.bands % 16:
            raise ConfigError(
                f"generator residual option 'bands' is {self.bands}; it must be a multiple of 16"
            )


@dataclass(frozen=True, slots=True)
class FineGeneratorOptions:
    """Options of the generator ``fine``.

    Attributes:
        bands: as in the generator ``residual``.
        channels: as there.
        levels: as there.
        blocks: as there.
        past: dilated convolutions along time at the deepest level; with 4 levels and 3 of them it looks 224
            frames back.
        detail: channels of the part that works on bins; a multiple of 4.
        bound: largest shift, in standard deviations of the log spectrum.
    """

    bands: int = 128
    channels: int = 8
    levels: int = 4
    blocks: int = 1
    past: int = 3
    detail: int = 16
    bound: float = 4.0

    def __post_init__(self) -> None:
        _at_least(
            "generator fine", self, bands=16, channels=1, levels=1, blocks=1, past=0, detail=4, bound=1e-6
        )
        if self.levels > 4:
            raise ConfigError(f"generator fine option 'levels' is {self.levels}; it must be at most 4")
        for name, multiple in (("bands", 16), ("detail", 4)):
            if getattr(self, name) % multiple:
                raise ConfigError(
                    f"generator fine option {name!r} is {getattr(self, name)!r}; it must be a multiple of "
                    f"{multiple}"
                )


@dataclass(frozen=True, slots=True)
class SeedDiscriminatorOptions:
    """Options of the discriminator ``seed``.

    Attributes:
        channels: of the first convolution; each of the next three has twice as many as the one before.
    """

    channels: int = 64

    def __post_init__(self) -> None:
        _at_least("discriminator seed", self, channels=1)


@dataclass(frozen=True, slots=True)
class PatchDiscriminatorOptions:
    """Options of the discriminator ``patch``.

    Attributes:
        channels: of the first convolution; each of the next has twice as many, at most eight times as many.
        layers: convolutions of stride 2.
        bands: frequency bands it sees, as in the generator ``residual``; 0 is every bin.
        scales: discriminators, each on half the frames and bands of the one before (Wang et al. 2018).
        norm: ``none`` or ``instance``.
        spectral: spectral normalisation of the weights (Miyato et al. 2018).
    """

    channels: int = 32
    layers: int = 3
    bands: int = 128
    scales: int = 1
    norm: str = "none"
    spectral: bool = False

    def __post_init__(self) -> None:
        _at_least("discriminator patch", self, channels=1, layers=1, bands=0, scales=1)
        if self.norm not in ("none", "instance"):
            raise ConfigError(f"discriminator patch option 'norm' is {self.norm!r}; it may be none, instance")
