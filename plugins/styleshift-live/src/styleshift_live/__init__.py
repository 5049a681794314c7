"""For models that meet real recordings: rooms and hiss while they learn, a loss that keeps the harmony."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from styleshift.hooks import AugmentationSpec, LossSpec, RecipeSpec, hookimpl, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from styleshift.frontend import SpectrogramConfig

    TensorPair = Callable[[Tensor, Tensor], Tensor]


@settings
class ChromaOptions:
    """Options of the loss ``chroma``."""

    lowest_hz: float = Field(default=100.0, gt=0)
    """Bins below this do not count."""
    highest_hz: float = Field(default=4000.0, gt=0)
    """Bins above this do not count."""


@settings
class RoomOptions:
    """Options of the augmentation ``room``."""

    seconds: float = Field(default=0.8, gt=0, le=5)
    """Longest time in which an echo falls by 60 dB."""
    wet: float = Field(default=0.5, gt=0, le=4)
    """Most power of the echo, beside the sound's."""


@settings
class HissOptions:
    """Options of the augmentation ``hiss``."""

    quietest_db: float = Field(default=-70.0, le=0)
    """Least hiss, beside the crop's mean power."""
    loudest_db: float = Field(default=-35.0, le=0)
    """Most hiss, beside the crop's mean power."""


def _chroma(options: ChromaOptions, spectrogram: SpectrogramConfig, device: Any) -> TensorPair:
    from styleshift_live.losses import chroma_loss

    return chroma_loss(options, spectrogram, device)


def _room(options: RoomOptions, spectrogram: SpectrogramConfig, device: Any) -> TensorPair:
    from styleshift_live.augmentations import room

    return room(options, spectrogram)


def _hiss(options: HissOptions, spectrogram: SpectrogramConfig, device: Any) -> TensorPair:
    from styleshift_live.augmentations import hiss

    return hiss(options, spectrogram)


@hookimpl
def styleshift_losses() -> list[LossSpec]:
    """The loss ``chroma``."""
    return [LossSpec("chroma", "the harmony of the source stays", _chroma, ChromaOptions)]


@hookimpl
def styleshift_augmentations() -> list[AugmentationSpec]:
    """The augmentations ``room`` and ``hiss``."""
    return [
        AugmentationSpec("room", "echoes, as of a room", _room, RoomOptions),
        AugmentationSpec("hiss", "noise, as of an old recording", _hiss, HissOptions),
    ]


@hookimpl
def styleshift_recipes() -> list[RecipeSpec]:
    """The recipe ``live``."""
    path = Path(__file__).parent / "live.toml"
    return [RecipeSpec("live", "recipe small, with rooms, hiss and the harmony kept", path)]
