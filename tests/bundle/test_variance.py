"""How much envelopes of conversions vary is made like the target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d
from torch import Tensor

from styleshift.bundle.variance import (
    COEFFICIENTS,
    FAST_GAINS,
    SLOW_GAINS,
    MelCepstrum,
    VarianceFilter,
    match_variance,
)
from styleshift.corpus import Shard
from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, compressed, expanded, power_scale
from styleshift.frontend.compression import silence
from styleshift.frontend.mel import mel_filters

LOG1P = SpectrogramConfig(sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0)
LOG = replace(LOG1P, compression="log", floor=1e-5)
FRAMES = 128
SHORT = replace(LOG1P, fft_length=256, frame_length=256, hop_length=64)
SHORTEST = replace(LOG1P, fft_length=64, frame_length=64, hop_length=16)  # 6 bands without a bin
BOTH = pytest.mark.parametrize("config", [LOG1P, LOG])


class Envelopes:
    """Crops whose mel cepstra wander: in slow waves by ``slow``, and at random by ``fast``.

    Each has a mean of its own, and faint noise of another envelope in so many frames at its end.
    """

    def __init__(
        self, config: SpectrogramConfig, slow: float, fast: float, level: float = 0.5, pause: int = 0
    ) -> None:
        self.config, self.slow, self.fast, self.level, self.pause = config, slow, fast, level, pause
        self.apart = 0.1
        self.curves = MelCepstrum(config).curves.numpy()
        self.random = np.random.default_rng(0)

    def batch(self, count: int, shard: Shard = Shard()) -> npt.NDArray[np.float32]:
        phases = self.random.uniform(0, 2 * np.pi, (count, COEFFICIENTS, 1))
        cycles = self.random.integers(1, 4, (count, COEFFICIENTS, 1))
        cepstra = self.slow * np.sin(phases + 2 * np.pi * cycles * np.arange(FRAMES) / FRAMES)
        cepstra = cepstra + self.fast * self.random.standard_normal(cepstra.shape)
        cepstra = cepstra + 0.3 + self.apart * self.random.standard_normal((count, COEFFICIENTS, 1))
        magnitude = self.level * np.exp(self.curves @ cepstra)
        if self.pause:
            shape = (count, self.config.bins, self.pause)
            magnitude[..., -self.pause :] = 3e-4 * np.exp(self.random.standard_normal(shape))
        return compressed(magnitude, self.config).astype(np.float32)[:, None]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


def copying(log_magnitude: Tensor) -> Tensor:
    """A generator that changes nothing."""
    return log_magnitude


def gains_of(found: VarianceFilter) -> tuple[Tensor, Tensor]:
    """Of slow and of fast changes, ``[coefficients]`` each."""
    return 1 + found.more_slow[:, 0], 1 + found.more_fast[:, 0]


def spread(log: torch.Tensor, config: SpectrogramConfig) -> tuple[float, float]:
    """Deviations of slow and of fast changes, over all coefficients."""
    cepstra = MelCepstrum(config)(log)[:, 0]
    steady = uniform_filter1d(cepstra.numpy(), 2 * round(0.07 * config.frame_rate) + 1, axis=-1)
    return float(steady.std(axis=-1).mean()), float((cepstra.numpy() - steady).std(axis=-1).mean())


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


@pytest.mark.parametrize("config", [SHORT, SHORTEST])
def test_a_level_that_changes_changes_no_cepstrum(config: SpectrogramConfig) -> None:
    levels = torch.logspace(-3, 1, 20).expand(1, 1, config.bins, 20)
    cepstra = MelCepstrum(config)(compressed(levels, config))
    assert cepstra.std(dim=3).max() < 1e-3


@BOTH
@pytest.mark.parametrize(("slow", "fast"), [(0.21, 0.045), (0.22, 0.08)])
@pytest.mark.parametrize(("mine", "other"), [(0, 0), (0, 64), (64, 0), (20, 40)])
def test_conversions_vary_as_their_target_does_whatever_pauses_they_have(
    config: SpectrogramConfig, slow: float, fast: float, mine: int, other: int
) -> None:
    flat, lively = (
        Envelopes(config, slow, fast, pause=mine),
        Envelopes(config, 0.26, 0.055, pause=other),
    )
    lively.apart = 0.5  # what lies between recordings says nothing of one
    spreading = match_variance(copying, flat, lively, config, crops=32)
    assert spreading.mean.numpy() == pytest.approx(0.3, abs=0.1)
    flat.pause = lively.pause = 0
    lively.apart = flat.apart
    crops = torch.from_numpy(flat.batch(16))
    with torch.no_grad():
        found = spread(spreading(crops), config)
    wanted = spread(torch.from_numpy(lively.batch(16)), config)
    before = spread(crops, config)
    assert found == pytest.approx(wanted, rel=0.1)
    assert before != pytest.approx(wanted, rel=0.15)


def test_gains_have_limits_and_slow_changes_are_never_taken_away() -> None:
    still, lively = Envelopes(LOG1P, 0.05, 0.005), Envelopes(LOG1P, 0.3, 0.1)
    for one, other, at in ((still, lively, 1), (lively, still, 0)):
        slow, fast = gains_of(match_variance(copying, one, other, LOG1P, crops=16))
        torch.testing.assert_close(slow, torch.full((COEFFICIENTS,), SLOW_GAINS[at]))
        torch.testing.assert_close(fast, torch.full((COEFFICIENTS,), FAST_GAINS[at]))


@BOTH
@pytest.mark.parametrize("level", [0.5, 0.1])
def test_each_frame_keeps_its_power(config: SpectrogramConfig, level: float) -> None:
    gains = torch.full((COEFFICIENTS,), 1.3)
    crop = torch.from_numpy(Envelopes(config, 0.3, 0.1, level=level).batch(2))
    changed = VarianceFilter(config, torch.zeros(COEFFICIENTS), gains, gains)(crop)
    assert (changed - crop).abs().max() > 0.05
    before, after = (expanded(each.double(), config).square().sum(dim=2) for each in (crop, changed))
    torch.testing.assert_close(after, before, rtol=0.003, atol=0)


def test_the_change_fades_in_over_ten_decibels() -> None:
    gains = torch.full((COEFFICIENTS,), 1.3)
    spreading = VarianceFilter(LOG1P, torch.zeros(COEFFICIENTS), gains, gains)
    crop = torch.from_numpy(Envelopes(LOG1P, 0.3, 0.1).batch(1))
    loud = (
        float(10 * np.log10(float(expanded(crop, LOG1P).square().mean()) * LOG1P.bins * power_scale(LOG1P)))
        + 20
    )
    change = []
    for level in (-15, -26, -36):
        softer = compressed(expanded(crop, LOG1P) * 10 ** ((level - loud) / 20), LOG1P)
        change.append(float((spreading(softer) - softer).square().mean().sqrt()))
    assert change[1] / change[0] == pytest.approx(0.5, abs=0.1)
    assert change[2] / change[0] < 0.02


@BOTH
def test_what_is_soft_is_left_alone(config: SpectrogramConfig) -> None:
    gains = torch.full((COEFFICIENTS,), 1.3)
    spreading = VarianceFilter(config, torch.zeros(COEFFICIENTS), gains, gains)
    soft = torch.from_numpy(Envelopes(config, 0.3, 0.1, level=1e-5).batch(2))
    torch.testing.assert_close(spreading(soft), soft, rtol=0, atol=1e-6)
    nothing = torch.full_like(soft, silence(config))
    torch.testing.assert_close(spreading(nothing), nothing, rtol=0, atol=0)


@BOTH
def test_a_sound_that_does_not_change_is_left_as_it_is_at_its_ends_and_after_a_pause(
    config: SpectrogramConfig,
) -> None:
    tilted = 0.5 * np.exp(-np.arange(config.bins) / 100)[:, None].repeat(40, axis=1)
    tilted[:, :10] = 0
    crop = torch.from_numpy(compressed(tilted, config).astype(np.float32))[None, None]
    mean = MelCepstrum(config)(crop)[0, 0, :, 20]
    gains = torch.full((COEFFICIENTS,), 1.3)
    torch.testing.assert_close(VarianceFilter(config, mean, gains, gains)(crop), crop, rtol=0, atol=0.002)


@BOTH
@pytest.mark.parametrize(("mine", "other"), [(FRAMES, 0), (0, FRAMES), (FRAMES, FRAMES)])
def test_where_one_side_has_nothing_loud_nothing_is_changed(
    config: SpectrogramConfig, mine: int, other: int
) -> None:
    sides = Envelopes(config, 0.2, 0.05, pause=mine), Envelopes(config, 0.3, 0.1, pause=other)
    gains = gains_of(match_variance(copying, *sides, config, crops=8))
    assert all((each == 1).all() for each in gains)


@pytest.mark.parametrize("config", [replace(LOG1P, compression="none"), replace(LOG1P, gain=1.0)])
def test_magnitudes_of_which_a_cepstrum_says_nothing_are_refused(config: SpectrogramConfig) -> None:
    crops = Envelopes(LOG1P, 0.1, 0.1)
    with pytest.raises(ConfigError, match="a variance can be matched on log magnitudes only") as caught:
        match_variance(copying, crops, crops, config, crops=8)
    assert "`match_variance`" in caught.value.hint
