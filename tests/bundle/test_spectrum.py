"""The mean spectrum of conversions is brought to the target's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from styleshift.bundle.spectrum import match_spectrum
from styleshift.corpus import Shard
from styleshift.errors import ConfigError
from styleshift.frontend.compression import silence
from styleshift.frontend.config import SpectrogramConfig
from styleshift.training.translator import Scale, Translator

BINS = 65
LOG1P = SpectrogramConfig(fft_length=128, frame_length=128, hop_length=32, gain=1000.0)
LOG = replace(LOG1P, compression="log")
TILT = np.linspace(0.0, 0.6, BINS, dtype=np.float32)[None, None, :, None]


class Noise:
    """Crops of noise around ``level``, ``[batch, 1, bin, 32]``, nowhere below ``floor``."""

    def __init__(self, level: npt.NDArray[np.float32], floor: float = 0.0) -> None:
        self.level, self.floor, self.random = level, floor, np.random.default_rng(0)

    def batch(self, count: int, shard: Shard = Shard()) -> npt.NDArray[np.float32]:
        crops = self.level + 0.5 * self.random.standard_normal((count, 1, BINS, 32))
        return np.maximum(self.floor, crops).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


def copying(floor: float = 0.0) -> Translator:
    scale = Scale(torch.full((BINS,), floor + 5.0), 2.0)
    return Translator(nn.Identity(), scale, scale, floor=floor, gated=True, gate=1.0)


@pytest.mark.parametrize("config", [LOG1P, LOG])
def test_dull_conversions_become_as_bright_as_their_target(config: SpectrogramConfig) -> None:
    floor = silence(config)
    level = np.float32(floor + 8)
    translator, dull, bright = copying(floor), Noise(level - TILT, floor), Noise(level, floor)
    shift = match_spectrum(translator, dull, bright, config, crops=64)
    assert shift.numpy() == pytest.approx(TILT.ravel(), abs=0.08)
    translator.target.shift(shift)
    converted = translator(torch.from_numpy(dull.batch(16)))
    assert converted.mean(dim=(0, 1, 3)).numpy() == pytest.approx(level, abs=0.15)
    quiet = torch.full((1, 1, BINS, 32), floor)
    torch.testing.assert_close(translator(quiet), quiet)  # the gate stays shut


def test_what_is_not_heard_does_not_count_and_eight_decibels_are_the_most() -> None:
    loud = np.where(np.arange(BINS) < 8, 9.0, 0.0).astype(np.float32)[None, None, :, None]
    other = Noise(loud + np.float32(0.8) * (loud == 0))
    assert match_spectrum(copying(), Noise(loud), other, LOG1P, crops=16).abs().max() < 0.05
    faint, clear = Noise(np.float32(5.0)), Noise(np.float32(8.0))
    shift = match_spectrum(copying(), faint, clear, LOG1P, crops=16)
    assert shift.numpy() == pytest.approx(np.log(10) / 20 * 8)


@pytest.mark.parametrize("config", [replace(LOG1P, compression="none"), replace(LOG1P, gain=1.0)])
def test_magnitudes_to_which_a_shift_is_no_gain_are_refused(config: SpectrogramConfig) -> None:
    noise = Noise(np.float32(8.0))
    with pytest.raises(ConfigError, match="on log magnitudes only"):
        match_spectrum(copying(), noise, noise, config, crops=8)


def test_a_scale_that_all_bins_share_is_shifted_bin_by_bin() -> None:
    scale = Scale(torch.zeros(1), 2.0)
    scale.shift(torch.arange(3.0))
    assert scale.plain(torch.ones(1, 1, 3, 1)).ravel().tolist() == [2.0, 3.0, 4.0]
