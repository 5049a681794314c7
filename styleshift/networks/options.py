"""The options of the built-in networks: what a recipe's ``[generator]`` and ``[discriminator]`` may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from styleshift.validation import settings

Channels = Annotated[int, Field(ge=1)]
Blocks = Annotated[int, Field(ge=0)]


@settings
class SeedGeneratorOptions:
    """Options of the generator ``seed``."""

    channels: Channels = 64
    """Channels of the first convolution; the second has twice as many."""
    blocks: Blocks = 9
    """ResNet layers."""
    residual: bool = False
    """The output is added to the input, and is nothing at the start; where false, as in the method as it was
    first described, the network has to learn to reproduce its input first."""


@settings
class ResizeGeneratorOptions(SeedGeneratorOptions):
    """Options of the generator ``resize``."""


@settings
class OneDimensionalGeneratorOptions(SeedGeneratorOptions):
    """Options of the generator ``1d``."""

    channels: Channels = 128
    """Channels of the first convolution (128 in the paper); four times as many after two halvings."""
    blocks: Blocks = 6
    """Residual blocks (6 in the paper)."""


@settings
class TwoOneTwoGeneratorOptions(SeedGeneratorOptions):
    """Options of the generator ``2-1-2d``."""

    channels: Channels = 32
    """Channels of the first convolution (128 in the paper, for 36 cepstra in the place of bins); twice as
    many after that."""
    blocks: Blocks = 6
    """Residual blocks over time (6 in the paper)."""


@settings
class ResidualGeneratorOptions:
    """Options of the generator ``residual``."""

    bands: int = Field(default=128, ge=16, multiple_of=16)
    """Frequency bands, one bin wide at the bottom and even in mel above, in which the change is made; every
    bin's change is interpolated from its two nearest bands."""
    channels: Channels = 16
    """Channels at full resolution; twice as many after one halving, four times as many after two or more."""
    levels: int = Field(default=4, ge=1, le=4)
    """Halvings of bands and frames, so that the deepest level sees `2 ** levels` of each at once."""
    blocks: int = Field(default=1, ge=1)
    """Residual blocks a level, on the way down and on the way up; full resolution has none."""
    bound: float = Field(default=4.0, ge=1e-06)
    """Largest change, in standard deviations of the log spectrum."""


@settings
class FineGeneratorOptions(ResidualGeneratorOptions):
    """Options of the generator ``fine``, whose shift of bins is bounded as the change of bands is."""

    channels: Channels = 8
    """Channels, as in the generator `residual`."""
    past: Blocks = 3
    """Dilated convolutions along time at the deepest level; with 4 levels and 3 of them it looks 224 frames
    back."""
    detail: int = Field(default=16, ge=4, multiple_of=4)
    """Channels of the part that works on bins."""


@settings
class SeedDiscriminatorOptions:
    """Options of the discriminator ``seed``."""

    channels: Channels = 64
    """Channels of the first convolution; each of the next three has twice as many as the one before."""
    dense: bool = True
    """One answer for the whole crop, by the dense layer. Where false, a convolution of width 4 is in its
    place: an answer for each patch of 142 bins and frames (PatchGAN, Isola et al. 2017)."""
    norm: Literal["instance", "none"] = "instance"
    """Normalisation of the convolutions. `instance` hides how far apart loud and faint places of a crop are;
    with `none` the discriminator hears it."""


@settings
class PatchDiscriminatorOptions:
    """Options of the discriminator ``patch``."""

    channels: Channels = 32
    """Channels of the first convolution; each of the next has twice as many, at most eight times as many."""
    layers: int = Field(default=3, ge=1)
    """Convolutions of stride 2."""
    bands: int = Field(default=128, ge=0)
    """Frequency bands it sees, as in the generator `residual`; 0 is every bin."""
    scales: int = Field(default=1, ge=1)
    """Discriminators, each on half the frames and bands of the one before (Wang et al. 2018)."""
    norm: Literal["none", "instance"] = "none"
    """Normalisation of the layers."""
    spectral: bool = False
    """Spectral normalisation of the weights (Miyato et al. 2018)."""
    deltas: bool = False
    """It also sees how much each band rose or fell since the frame before, where flicker and blurred attacks
    show."""
