"""The vocoders that are built in; they come in through the same hook as those of plugins."""

from __future__ import annotations

from collections.abc import Iterable

from styleshift.hooks.records import NoOptions, VocoderSpec
from styleshift.hooks.specs import hookimpl
from styleshift.vocoders.options import GriffinLimOptions, PghiOptions
from styleshift.vocoders.phase import griffin_lim_vocoder, pghi_vocoder, source_phase


@hookimpl
def styleshift_vocoders() -> Iterable[VocoderSpec]:
    """``griffin-lim`` (the default), ``source-phase`` and ``pghi``."""
    return [
        VocoderSpec(
            "griffin-lim",
            "starts from the source's phase, then a few fast Griffin-Lim rounds",
            griffin_lim_vocoder,
            GriffinLimOptions,
            context_frames=16,
        ),
        VocoderSpec(
            "source-phase",
            "the source's phase as it is: fastest, best for small changes",
            source_phase,
            NoOptions,
            context_frames=8,
        ),
        VocoderSpec(
            "pghi",
            "a phase of its own from the magnitude alone, for great changes",
            pghi_vocoder,
            PghiOptions,
        ),
    ]
