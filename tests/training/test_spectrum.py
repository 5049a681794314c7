"""The mean spectrum of conversions is brought to the target's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from styleshift.training.model import Scale, Translator
from styleshift.training.spectrum import match_spectrum

BINS = 65
TILT = np.linspace(0.0, 0.6, BINS, dtype=np.float32)[None, None, :, None]


class Noise:
    """Crops of noise around ``level``, ``[batch, 1, bin, 32]``."""

    def __init__(self, level: npt.NDArray[np.float32]) -> None:
        self.level, self.random = level, np.random.default_rng(0)

    def batch(self, count: int, part: int = 0, parts: int = 1) -> npt.NDArray[np.float32]:
        crops = self.level + 0.5 * self.random.standard_normal((count, 1, BINS, 32))
        return np.maximum(0, crops).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


def copying() -> Translator:
    scale = Scale(torch.full((BINS,), 5.0), 2.0)
    return Translator(nn.Identity(), scale, scale, floor=0.0, gated=True, gate=1.0)


def test_dull_conversions_become_as_bright_as_their_target() -> None:
    translator, dull, bright = copying(), Noise(8 - TILT), Noise(np.float32(8.0))
    shift = match_spectrum(translator, dull, bright, crops=64)
    assert shift.numpy() == pytest.approx(TILT.ravel(), abs=0.08)
    converted = translator(torch.from_numpy(dull.batch(16)))
    assert converted.mean(dim=(0, 1, 3)).numpy() == pytest.approx(8.0, abs=0.15)
    silence = torch.zeros(1, 1, BINS, 32)
    assert torch.equal(translator(silence), silence)  # the gate stays shut


def test_what_is_not_heard_does_not_count_and_eight_decibels_are_the_most() -> None:
    loud = np.where(np.arange(BINS) < 8, 9.0, 0.0).astype(np.float32)[None, None, :, None]
    shift = match_spectrum(copying(), Noise(loud), Noise(loud + np.float32(0.8) * (loud == 0)), crops=16)
    assert shift.abs().max() < 0.05
    shift = match_spectrum(copying(), Noise(np.float32(5.0)), Noise(np.float32(8.0)), crops=16)
    assert shift.numpy() == pytest.approx(np.log(10) / 20 * 8)
