"""Vocoders for styleshift: two ways of phase retrieval that beat Griffin-Lim in as many rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from styleshift.errors import ConfigError
from styleshift.hooks import Vocoder, VocoderSpec, hookimpl

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig

Start = Literal["source", "pghi"]


@dataclass(frozen=True, slots=True)
class AglaOptions:
    """Options of ``agla``; the names of the last three are the paper's.

    Attributes:
        iterations: rounds, each one inverse and one forward transform.
        start: phase to begin with: the source's, or that of phase gradient heap integration (``pghi``),
            which is taken in any case where there is no source.
        alpha: momentum of the point that is projected next.
        beta: momentum of the point that is mixed in.
        gamma: step of the projection; 1 is Griffin-Lim's, and with ``beta`` no more of use, Fast Griffin-Lim.
    """

    iterations: int = 16
    start: Start = "source"
    alpha: float = 1.0
    beta: float = 1.1
    gamma: float = 1.25

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_range("agla", "iterations", self.iterations, 0, 1000)
        for name in ("alpha", "beta", "gamma"):
            _check_range("agla", name, getattr(self, name), 0, 2)


@dataclass(frozen=True, slots=True)
class AdmmOptions:
    """Options of ``admm``.

    Attributes:
        iterations: rounds, each one inverse and one forward transform.
        start: as in :class:`AglaOptions`.
        rho: how far the result may stay from a consistent spectrum while it is looked for; above 0.
    """

    iterations: int = 16
    start: Start = "source"
    rho: float = 0.2

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_range("admm", "iterations", self.iterations, 0, 1000)
        _check_range("admm", "rho", self.rho, 0.001, 100)


def _check_range(owner: str, name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{owner} {name} is {value}; it must be from {low} to {high}")


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
