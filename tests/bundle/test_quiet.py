"""What a conversion may add where its source is quiet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import maximum_filter1d

from styleshift.arrays import Float64Array
from styleshift.bundle.quiet import QuietLimit, levels_of
from styleshift.frontend import SpectrogramConfig, compressed, expanded, log_spectrogram, power_scale
from styleshift.frontend.config import Compression

LOG1P = SpectrogramConfig(sample_rate=22050, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0)
QUIET = slice(60, 100)


def noise(levels_db: Float64Array, config: SpectrogramConfig, seed: int = 0) -> torch.Tensor:
    """Frames of such levels above the reference level, of -20 dBFS."""
    random = np.random.default_rng(seed)
    gains = 10 ** ((levels_db - 20) / 20) * (power_scale(config) * config.bins) ** -0.5
    magnitude = gains * np.sqrt(random.exponential(size=(1, 1, config.bins, len(gains))))
    return torch.from_numpy(compressed(magnitude, config).astype(np.float32))


def loud_then_quiet(quiet_db: float) -> Float64Array:
    return np.where(np.arange(100) < 50, 0.0, quiet_db)


def levels(log: torch.Tensor, config: SpectrogramConfig) -> Float64Array:
    power = (expanded(log.double().numpy(), config) ** 2).sum(axis=2).ravel() * power_scale(config)
    found: Float64Array = 10 * np.log10(power + 1e-14) + 20
    return found


@pytest.mark.parametrize(("compression", "most"), [("log1p", -36), ("log", -36), ("none", -26)])
def test_loud_music_is_untouched_and_what_is_quiet_stays_so(compression: Compression, most: float) -> None:
    config = replace(LOG1P, compression=compression)
    limit = QuietLimit(20, config)
    source = noise(loud_then_quiet(-40), config)
    converted = noise(loud_then_quiet(-15) + 6, config, seed=1)
    limited = limit(source, converted)
    assert torch.equal(limited[..., :50], converted[..., :50])
    assert levels(converted, config)[QUIET] == pytest.approx(-9, abs=0.7)
    assert (levels(limited, config)[QUIET] < most).all()
    kept = limit(source, source)
    torch.testing.assert_close(kept, source, rtol=0, atol=1e-5)


def test_it_is_what_numpy_computes_in_double_precision() -> None:
    random = np.random.default_rng(2)
    source, converted = (noise(random.uniform(-70, 5, 12).repeat(15), LOG1P, seed) for seed in (3, 4))
    before, after = levels(source, LOG1P), levels(converted, LOG1P)
    around = maximum_filter1d(before, 2 * 4 + 1)
    beyond = after - around - 3 - 2 * np.maximum(around + 25, 0)
    knee = np.where(beyond < -3, 0, np.where(beyond > 3, beyond, (beyond + 3) ** 2 / 12))
    share = np.minimum(knee / np.maximum(after - before, 1e-3), 1)
    share = np.array([share[max(0, at - 3) : at + 4].mean() for at in range(len(share))])
    assert (share == 0).sum() > 10
    assert (share > 0.5).sum() > 10
    wanted = converted.double() + torch.from_numpy(share) * (source.double() - converted.double())
    torch.testing.assert_close(QuietLimit(25, LOG1P)(source, converted).double(), wanted, rtol=0, atol=2e-5)


def test_an_attack_that_comes_earlier_and_a_note_that_is_held_are_let_be() -> None:
    source = noise(loud_then_quiet(-60)[::-1].copy(), LOG1P)
    earlier = torch.cat([source[..., 3:], source[..., -3:]], dim=-1)
    limited = QuietLimit(20, LOG1P)(source, earlier)
    assert torch.equal(limited[..., 48:], earlier[..., 48:])
    fading, held = noise(np.linspace(0, -15, 100), LOG1P), noise(np.full(100, -3.0), LOG1P)
    assert torch.equal(QuietLimit(20, LOG1P)(fading, held), held)


def test_levels_are_those_of_the_waveform() -> None:
    waveform = 0.01 * np.random.default_rng(5).standard_normal(22050).astype(np.float32)
    log = torch.from_numpy(log_spectrogram(waveform, LOG1P)).T[None, None]
    assert levels_of(log, LOG1P).mean().item() == pytest.approx(-20, abs=0.3)
