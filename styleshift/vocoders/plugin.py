"""The vocoders that are built in; they come in through the same hook as those of plugins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from styleshift.hooks.records import NoOptions, Vocoder, VocoderSpec
from styleshift.hooks.specs import hookimpl
from styleshift.vocoders.options import GriffinLimOptions, PghiOptions

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig


def _source_phase(options: Any, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    from styleshift.vocoders.phase import source_phase

    return source_phase(spectrogram)


def _griffin_lim(options: GriffinLimOptions, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    from styleshift.vocoders.phase import griffin_lim_vocoder

    return griffin_lim_vocoder(options, spectrogram)


def _pghi(options: PghiOptions, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    from styleshift.vocoders.phase import pghi_vocoder

    return pghi_vocoder(options, spectrogram)


@hookimpl
def styleshift_vocoders() -> Iterable[VocoderSpec]:
    """``griffin-lim`` (the default), ``source-phase`` and ``pghi``."""
    return [
        VocoderSpec(
            "griffin-lim",
            "starts from the source's phase, then a few fast Griffin-Lim rounds",
            _griffin_lim,
            GriffinLimOptions,
            context_frames=16,
        ),
        VocoderSpec(
            "source-phase",
            "the source's phase as it is: fastest, best for small changes",
            _source_phase,
            NoOptions,
            context_frames=8,
        ),
        VocoderSpec(
            "pghi",
            "a phase of its own from the magnitude alone, for great changes",
            _pghi,
            PghiOptions,
        ),
    ]
