"""Augmentation against closed forms, and against the front end of a louder waveform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from styleshift.corpus import Corpus, CropSampler
from styleshift.frontend import SpectrogramConfig, expanded, log_spectrogram
from styleshift.recipes import DataConfig, Recipe
from styleshift.training.augment import QUIETEST_DB, amplified, augment, mixed, stretched
from styleshift.training.data import RandomCrops
from styleshift.workspace import Workspace

BINS = 65
LOG1P = SpectrogramConfig(8000, 128, 64, 128, compression="log1p", gain=1000.0)
CONFIGS = [LOG1P, replace(LOG1P, compression="log"), replace(LOG1P, compression="none")]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def crop(samples: np.ndarray, config: SpectrogramConfig) -> Tensor:
    return torch.from_numpy(log_spectrogram(samples.astype(np.float32), config).T[None, None].copy())


def noise(seed: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(8000)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.compression)
def test_gain_is_that_of_a_louder_waveform(config: SpectrogramConfig) -> None:
    gain = 10 ** (5 / 20)
    found = amplified(crop(noise(0), config), torch.full((1, 1, BINS, 1), gain), config)
    assert torch.allclose(found, crop(gain * noise(0), config), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.compression)
def test_silence_stays_silence(config: SpectrogramConfig) -> None:
    silent = crop(np.zeros(1000), config).half().float()  # as it is stored
    louder = augment(silent, DataConfig(gain_db=20, tilt_db=20), config, generator())
    assert torch.equal(louder, silent)
    muted = augment(crop(noise(0), config), DataConfig(mute=1.0), config, generator(3))
    assert float(muted.min()) == pytest.approx(float(silent.max()), abs=0.01)


@pytest.mark.parametrize("setting", ["gain_db", "tilt_db", "pitch_bins", "stretch", "mute"])
def test_a_setting_that_is_zero_draws_nothing(setting: str) -> None:
    """So that one more setting does not change what the others do."""
    batch, random = crop(noise(0), LOG1P), generator()
    augment(batch, DataConfig(**{setting: 0.4}), LOG1P, random)
    other = generator()
    draws = {"mute": 3}.get(setting, 1)  # whether, where to, and from where
    for _ in range(draws):
        torch.rand(len(batch), 1, 1, 1, generator=other)
    assert torch.equal(random.get_state(), other.get_state())


def test_gain_and_tilt_in_decibels() -> None:
    batch = torch.full((64, 1, BINS, 4), 8.0)
    config = replace(LOG1P, compression="log", floor=1e-9)
    decibels = 20 / np.log(10) * (augment(batch, DataConfig(gain_db=6), config, generator()) - batch)
    assert torch.allclose(decibels, decibels[:, :, :1, :1].expand_as(decibels), atol=1e-4)
    each = decibels[:, 0, 0, 0]
    assert 5 < float(each.max()) <= 6.001
    assert -6.001 <= float(each.min()) < -5
    tilted = 20 / np.log(10) * (augment(batch, DataConfig(tilt_db=6), config, generator()) - batch)
    span = (tilted[:, 0, -1] - tilted[:, 0, 0])[:, 0]
    assert 5 < float(span.abs().max()) <= 6.001
    assert torch.allclose(tilted[:, 0, BINS // 2], torch.zeros(64, 4), atol=1e-4)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.compression)
def test_a_mixture_has_the_power_of_both(config: SpectrogramConfig) -> None:
    """The mean power of the sum of two waveforms with unrelated phases, at the level of one."""
    gain = 0.5
    found = mixed(crop(noise(0), config), crop(noise(1), config), torch.full((1, 1, 1, 1), gain), config)
    true = crop((noise(0) + gain * noise(1)) / np.sqrt(1 + gain**2), config)
    powers = [float(expanded(each, config).square().mean()) for each in (found, true)]
    assert powers[0] == pytest.approx(powers[1], rel=0.03)


def test_mixture_by_hand() -> None:
    plain = replace(LOG1P, compression="none")
    one, other = torch.full((1, 1, 1, 1), 3.0), torch.full((1, 1, 1, 1), 8.0)
    found = mixed(one, other, torch.full((1, 1, 1, 1), 0.5), plain)
    assert float(found) == pytest.approx(5 / np.sqrt(1.25))  # 3, 4, 5


def test_mixing_chooses_and_draws_levels() -> None:
    plain = replace(LOG1P, compression="none")
    batch, others = torch.zeros(400, 1, 3, 2), torch.ones(400, 1, 3, 2)
    found = augment(batch, DataConfig(mix=0.25), plain, generator(), others)[:, 0, 0, 0]
    share = float((found > 0).float().mean())
    assert 0.18 < share < 0.32
    # gain / sqrt(1 + gain^2), the gain between -12 dB and 0
    low = 10 ** (-QUIETEST_DB / 20)
    loud = found[found > 0]
    assert low / np.sqrt(1 + low**2) <= float(loud.min()) < 0.3
    assert 0.65 < float(loud.max()) <= np.sqrt(0.5) + 1e-6


def test_stretched_axes_of_a_ramp() -> None:
    """Linear interpolation of a ramp is exact: the value says where it came from."""
    rows = torch.arange(BINS, dtype=torch.float32).view(1, 1, -1, 1).expand(2, 1, BINS, 41)
    columns = (torch.arange(41, dtype=torch.float32) - 20).view(1, 1, 1, -1).expand(2, 1, BINS, 41)
    factor = torch.tensor([0.9, 1.1]).view(2, 1, 1, 1)
    higher = stretched(rows.contiguous(), factor, None)[:, 0, :, 7]
    wanted = (torch.arange(BINS) * factor.view(2, 1)).clamp(max=BINS - 1)
    assert torch.allclose(higher, wanted, atol=1e-3)
    faster = stretched(columns.contiguous(), None, factor)[:, 0, 3]
    wanted = ((torch.arange(41) - 20) * factor.view(2, 1)).clamp(-20, 20)
    assert torch.allclose(faster, wanted, atol=1e-3)


def test_pitch_and_tempo_stay_within_their_limits() -> None:
    batch = torch.arange(BINS, dtype=torch.float32).view(1, 1, -1, 1).expand(64, 1, BINS, 9).contiguous()
    found = augment(batch, DataConfig(pitch_bins=0.1), LOG1P, generator())[:, 0, 30, 4] / 30
    assert 1.08 < float(found.max()) <= 1.1001
    assert 0.8999 <= float(found.min()) < 0.92
    same = augment(batch, DataConfig(stretch=0.1), LOG1P, generator())
    assert torch.allclose(same, batch, atol=1e-3)  # nothing moves along frequency


def test_mute_takes_up_to_a_quarter() -> None:
    found = augment(torch.ones(300, 1, 2, 80), DataConfig(mute=0.5), LOG1P, generator())[:, 0, 0]
    muted = (found == 0).sum(dim=1)
    assert 0.35 < float((muted > 0).float().mean()) < 0.55
    assert int(muted.max()) <= 20
    for row in found[muted > 0]:
        assert int((row.diff() != 0).sum()) <= 2  # one stretch


EVERYTHING = DataConfig(gain_db=6, tilt_db=6, mute=0.5, pitch_bins=0.05, stretch=0.05, mix=0.5)


def test_the_same_state_gives_the_same_crops() -> None:
    batch, others = torch.rand(4, 1, BINS, 32), torch.rand(4, 1, BINS, 32)
    random = generator()
    augment(batch, EVERYTHING, LOG1P, random, others)
    saved = random.get_state()
    first = augment(batch, EVERYTHING, LOG1P, random, others)
    random.set_state(saved)
    assert torch.equal(augment(batch, EVERYTHING, LOG1P, random, others), first)
    assert not torch.equal(augment(batch, EVERYTHING, LOG1P, random, others), first)


def test_crops_go_on_where_they_were(place: Workspace) -> None:
    """The other crop of a mixture comes from the same sequence of draws."""

    def source() -> RandomCrops:
        x, y = (CropSampler(Corpus.open(place.spectrograms / name), 64, seed=1) for name in ("low", "high"))
        return RandomCrops(x, y, Recipe(data=EVERYTHING, spectrogram=LOG1P))

    one, other = source(), source()
    one.batch(2, generator())
    saved = one.state_dict()
    wanted = one.batch(2, generator(5))
    other.load_state_dict(saved)
    found = other.batch(2, generator(5))
    assert torch.equal(found.x, wanted.x)
    assert torch.equal(found.y, wanted.y)


def test_nothing_random_happens_where_augmentation_is_off(tiny_recipe: Callable[..., Recipe]) -> None:
    values = torch.rand(2, 1, BINS, 32)
    random = generator()
    state = random.get_state()
    assert augment(values, tiny_recipe().data, LOG1P, random) is values
    assert torch.equal(random.get_state(), state)
