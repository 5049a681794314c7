"""A neural vocoder that is trained on one's own recordings: the vocoder ``vocos``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from styleshift.hooks import Vocoder, VocoderSpec, hookimpl, settings

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig


@settings
class Options:
    """Options of the vocoder ``vocos``."""

    model: Path = Path("vocos.onnx")
    """The file that `styleshift-vocos train` wrote."""
    iterations: int = Field(default=0, ge=0, le=1000)
    """Rounds of fast Griffin-Lim that begin with the network's phase."""


def _build(options: Options, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    from styleshift_vocos.vocoder import load

    return load(options, spectrogram, device)


@hookimpl
def styleshift_vocoders() -> list[VocoderSpec]:
    """The vocoder ``vocos``."""
    # Eight blocks of width 7 see 24 frames to each side.
    return [
        VocoderSpec("vocos", "a network trained with styleshift-vocos", _build, Options, context_frames=32)
    ]
