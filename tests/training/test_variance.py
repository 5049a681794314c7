"""How much envelopes of conversions vary is made like the target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.fft import dct
from torch import nn

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, compressed, expanded
from styleshift.frontend.compression import silence
from styleshift.frontend.mel import mel_filters
from styleshift.training.translator import Scale, Translator
from styleshift.training.variance import (
    COEFFICIENTS,
    FAST_GAINS,
    SLOW_GAINS,
    MelCepstrum,
    VarianceFilter,
    match_variance,
    reach_of,
    slowly,
)

LOG1P = SpectrogramConfig(sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0)
LOG = replace(LOG1P, compression="log", floor=1e-5)
FRAMES = 128
SHORT = replace(LOG1P, fft_length=256, frame_length=256, hop_length=64)
BOTH = pytest.mark.parametrize("config", [LOG1P, LOG])


class Envelopes:
    """Crops whose mel cepstra wander: in slow waves by ``slow``, and at random by ``fast``."""

    def __init__(self, config: SpectrogramConfig, slow: float, fast: float, level: float = 0.5) -> None:
        self.config, self.slow, self.fast, self.level = config, slow, fast, level
        self.curves = MelCepstrum(config).curves.numpy()
        self.random = np.random.default_rng(0)

    def batch(self, count: int, part: int = 0, parts: int = 1) -> npt.NDArray[np.float32]:
        phases = self.random.uniform(0, 2 * np.pi, (count, COEFFICIENTS, 1))
        cycles = self.random.integers(1, 4, (count, COEFFICIENTS, 1))
        cepstra = self.slow * np.sin(phases + 2 * np.pi * cycles * np.arange(FRAMES) / FRAMES)
        cepstra = cepstra + self.fast * self.random.standard_normal(cepstra.shape)
        magnitude = self.level * np.exp(self.curves @ cepstra)
        return compressed(magnitude, self.config).astype(np.float32)[:, None]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


def copying(config: SpectrogramConfig) -> Translator:
    scale = Scale(torch.full((config.bins,), 3.0), 2.0)
    return Translator(nn.Identity(), scale, scale, floor=silence(config), gated=False, gate=1.0)


def spread(log: torch.Tensor, config: SpectrogramConfig) -> tuple[float, float]:
    """Deviations of slow and of fast changes, over all coefficients."""
    cepstra = MelCepstrum(config)(log)
    steady = slowly(cepstra, reach_of(config))
    return float(steady.std(dim=3).mean()), float((cepstra - steady).std(dim=3).mean())


@BOTH
def test_a_mel_cepstrum_is_scipys_cosine_transform_of_log_mel_powers(config: SpectrogramConfig) -> None:
    crop = Envelopes(config, 0.3, 0.1).batch(1)
    filters = mel_filters(config.sample_rate, config.fft_length, 40).astype(np.float64)
    powers = (
        filters / filters.sum(axis=1, keepdims=True) @ expanded(crop[0, 0].astype(np.float64), config) ** 2
    )
    wanted = dct(np.log(powers) / 2, axis=0, norm="ortho")[1 : COEFFICIENTS + 1]
    found = MelCepstrum(config)(torch.from_numpy(crop))[0, 0].numpy()
    assert found == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("config", [LOG1P, LOG, SHORT])
def test_a_curve_that_is_added_is_found_in_the_cepstrum(config: SpectrogramConfig) -> None:
    cepstrum = MelCepstrum(config)
    flat = torch.full((1, 1, config.bins, 4), float(compressed(np.array(0.1), config)))
    wanted = 0.2 * torch.randn(COEFFICIENTS, 1, generator=torch.Generator().manual_seed(0))
    found = cepstrum(flat + cepstrum.curves @ wanted) - cepstrum(flat)
    torch.testing.assert_close(found[0, 0], wanted.expand(-1, 4), atol=0.1, rtol=0)
    assert cepstrum.curves.abs().sum(dim=1).min() > 0  # no bin is left out


@BOTH
@pytest.mark.parametrize(("slow", "fast"), [(0.25, 0.06), (0.21, 0.045), (0.24, 0.075)])
def test_conversions_vary_as_their_target_does(config: SpectrogramConfig, slow: float, fast: float) -> None:
    flat, lively = Envelopes(config, slow, fast), Envelopes(config, 0.26, 0.055)
    translator = copying(config)
    match_variance(translator, flat, lively, config, crops=32)
    crops = torch.from_numpy(flat.batch(16))
    with torch.no_grad():
        found = spread(translator(crops), config)
    wanted = spread(torch.from_numpy(lively.batch(16)), config)
    before = spread(crops, config)
    assert found == pytest.approx(wanted, rel=0.05)
    assert before != pytest.approx(wanted, rel=0.04)


def test_gains_have_limits_and_slow_changes_are_never_taken_away() -> None:
    still, lively = Envelopes(LOG1P, 0.05, 0.005), Envelopes(LOG1P, 0.3, 0.1)
    for one, other, at in ((still, lively, 1), (lively, still, 0)):
        slow, fast = match_variance(copying(LOG1P), one, other, LOG1P, crops=16)
        torch.testing.assert_close(slow, torch.full((COEFFICIENTS,), SLOW_GAINS[at]))
        torch.testing.assert_close(fast, torch.full((COEFFICIENTS,), FAST_GAINS[at]))


@BOTH
def test_each_frame_keeps_its_power_and_what_is_soft_is_left_alone(config: SpectrogramConfig) -> None:
    gains = torch.full((COEFFICIENTS,), 1.3)
    spreading = VarianceFilter(config, torch.zeros(COEFFICIENTS), gains, gains)
    crop = torch.from_numpy(Envelopes(config, 0.3, 0.1).batch(2))
    changed = spreading(crop)
    assert (changed - crop).abs().max() > 0.05
    before, after = (expanded(each.double(), config).square().sum(dim=2) for each in (crop, changed))
    torch.testing.assert_close(after, before, rtol=0.05, atol=0)
    soft = torch.from_numpy(Envelopes(config, 0.3, 0.1, level=1e-5).batch(2))
    torch.testing.assert_close(spreading(soft), soft, rtol=0, atol=1e-6)
    nothing = torch.full_like(crop, silence(config))
    torch.testing.assert_close(spreading(nothing), nothing, rtol=0, atol=0)


def test_silent_crops_are_measured_without_harm() -> None:
    class Silent(Envelopes):
        def batch(self, count: int, part: int = 0, parts: int = 1) -> npt.NDArray[np.float32]:
            return 0 * super().batch(count)

    translator = copying(LOG1P)
    gains = match_variance(translator, Silent(LOG1P, 0.1, 0.1), Silent(LOG1P, 0.1, 0.1), LOG1P, crops=8)
    assert all(torch.isfinite(each).all() for each in gains)
    crop = torch.from_numpy(Envelopes(LOG1P, 0.3, 0.1).batch(1))
    assert torch.isfinite(translator(crop)).all()


@pytest.mark.parametrize("config", [replace(LOG1P, compression="none"), replace(LOG1P, gain=1.0)])
def test_magnitudes_of_which_a_cepstrum_says_nothing_are_refused(config: SpectrogramConfig) -> None:
    crops = Envelopes(LOG1P, 0.1, 0.1)
    with pytest.raises(ConfigError, match="a variance can be matched on log magnitudes only") as caught:
        match_variance(copying(LOG1P), crops, crops, config, crops=8)
    assert "`match_variance`" in caught.value.hint
