"""A filter that makes conversions steadier, or gives them movement."""

from __future__ import annotations

from dataclasses import replace

import torch

from styleshift.bundle.smoothing import Smoothing
from styleshift.frontend.compression import silence
from styleshift.frontend.config import SpectrogramConfig

LOG = SpectrogramConfig(fft_length=128, frame_length=128, hop_length=32, compression="log")


def test_each_value_moves_towards_its_neighbours_and_the_ends_towards_themselves() -> None:
    smoothing = Smoothing(0.1, 0.2, replace(LOG, compression="log1p"))
    crop = torch.full((1, 1, 65, 32), 8.0)
    torch.testing.assert_close(smoothing(crop), crop)
    crop[..., 3, 7], crop[..., 0, 31] = 9.0, 9.0
    smoothed = smoothing(crop)[0, 0] - 8
    spread = torch.outer(torch.tensor([0.2, 0.6, 0.2]), torch.tensor([0.1, 0.8, 0.1]))
    torch.testing.assert_close(smoothed[2:5, 6:9], spread, atol=1e-5, rtol=0)
    corner = torch.outer(torch.tensor([0.8, 0.2]), torch.tensor([0.1, 0.9]))
    torch.testing.assert_close(smoothed[:2, 30:], corner, atol=1e-5, rtol=0)


def test_below_0_it_moves_away_from_them_and_not_below_silence() -> None:
    floor = silence(LOG)
    crop = torch.full((1, 1, 65, 32), floor)
    crop[..., 7] += 1.0
    sharpened = Smoothing(-0.1, 0.0, LOG)(crop)[0, 0] - floor
    torch.testing.assert_close(sharpened[:, 7], torch.full((65,), 1.2), atol=1e-5, rtol=0)
    assert sharpened[:, [6, 8]].abs().max() < 1e-5
