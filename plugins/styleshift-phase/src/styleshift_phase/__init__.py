"""Vocoders for styleshift: two ways of phase retrieval that beat Griffin-Lim in as many rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from styleshift.hooks import Vocoder, VocoderSpec, hookimpl, settings

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig

Start = Literal["source", "pghi"]


Rounds = Annotated[int, Field(ge=0, le=1000)]


@settings
class AglaOptions:
    """Options of ``agla``; the names of the last three are the paper's."""

    iterations: Rounds = 16
    """Rounds, each one inverse and one forward transform."""
    start: Start = "source"
    """Phase to begin with: the source's, or that of phase gradient heap integration (`pghi`), which is taken
    in any case where there is no source."""
    alpha: float = Field(default=1.0, ge=0, le=2)
    """Momentum of the point that is projected next."""
    beta: float = Field(default=1.1, ge=0, le=2)
    """Momentum of the point that is mixed in."""
    gamma: float = Field(default=1.25, ge=0, le=2)
    """Step of the projection; 1 is Griffin-Lim's, and with `beta` no more of use, Fast Griffin-Lim."""


@settings
class AdmmOptions:
    """Options of ``admm``."""

    iterations: Rounds = 16
    """Rounds, each one inverse and one forward transform."""
    start: Start = "source"
    """Phase to begin with, as for `agla`."""
    rho: float = Field(default=0.2, ge=0.001, le=100)
    """How far the result may stay from a consistent spectrum while it is looked for."""


def _build_agla(options: AglaOptions, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    from styleshift_phase.vocoder import PhaseVocoder, agla

    return PhaseVocoder(
        spectrogram,
        options.start,
        lambda size, spectrum: agla(
            size,
            spectrum,
            spectrogram,
            iterations=options.iterations,
            alpha=options.alpha,
            beta=options.beta,
            gamma=options.gamma,
        ),
    )


def _build_admm(options: AdmmOptions, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    from styleshift_phase.vocoder import PhaseVocoder, admm

    return PhaseVocoder(
        spectrogram,
        options.start,
        lambda size, spectrum: admm(
            size, spectrum, spectrogram, iterations=options.iterations, rho=options.rho
        ),
    )


@hookimpl
def styleshift_vocoders() -> list[VocoderSpec]:
    """The vocoders ``agla`` and ``admm``."""
    return [
        VocoderSpec("agla", "accelerated Griffin-Lim (Nenov et al. 2023)", _build_agla, AglaOptions),
        VocoderSpec(
            "admm", "phase by alternating directions (Masuyama et al. 2019)", _build_admm, AdmmOptions
        ),
    ]
