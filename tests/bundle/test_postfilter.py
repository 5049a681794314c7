"""Filters stand behind a generator in one order, and what is not asked for changes nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from styleshift.bundle.postfilter import Postfilter
from styleshift.bundle.quiet import QuietLimit
from styleshift.bundle.smoothing import Smoothing
from styleshift.bundle.variance import COEFFICIENTS, VarianceFilter
from styleshift.frontend.config import SpectrogramConfig
from styleshift.training.pitch import PitchFront
from styleshift.training.translator import Scale, Translator

CONFIG = SpectrogramConfig(sample_rate=16000, frame_length=256, hop_length=64, fft_length=256, gain=1000.0)


class Louder(nn.Module):
    """A generator that plays on where nothing is."""

    def forward(self, normalised: Tensor) -> Tensor:
        return normalised + 1.0


class Down(PitchFront):
    """Stands for what moves voices: makes all a little softer."""

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def ratio(self, plain: Tensor) -> Tensor:
        return torch.ones(len(plain))

    def forward(self, plain: Tensor, ratio: Tensor) -> Tensor:
        return (plain - 0.5).clamp(min=0)


def louder(front: PitchFront | None = None) -> Translator:
    scale = Scale(torch.full((CONFIG.bins,), 3.0), 2.0)
    moved = None if front is None else scale
    return Translator(Louder(), scale, scale, floor=0.0, gated=False, gate=1.0, front=front, moved=moved)


@pytest.fixture
def crop() -> Tensor:
    """A sound that fades into noise which is hardly there."""
    random = torch.Generator().manual_seed(0)
    sound = 0.5 * torch.rand(2, 1, CONFIG.bins, 64, generator=random) * torch.logspace(0, -4, 64)
    return torch.log1p(1000 * sound)


VARIANCE = VarianceFilter(
    CONFIG, torch.zeros(COEFFICIENTS), torch.full((COEFFICIENTS,), 1.3), torch.full((COEFFICIENTS,), 1.2)
)
SMOOTHING = Smoothing(0.2, 0.1, CONFIG)
QUIET = QuietLimit(20.0, CONFIG)


def test_without_filters_it_is_the_generator(crop: Tensor) -> None:
    assert torch.equal(Postfilter(louder())(crop), louder()(crop))


def test_the_variance_comes_first_and_the_limit_last(crop: Tensor) -> None:
    made = louder()(crop)
    steps = [VARIANCE(made), SMOOTHING(VARIANCE(made)), QUIET(crop, SMOOTHING(VARIANCE(made)))]
    assert torch.equal(Postfilter(louder(), variance=VARIANCE)(crop), steps[0])
    assert torch.equal(Postfilter(louder(), variance=VARIANCE, smoothing=SMOOTHING)(crop), steps[1])
    every = Postfilter(louder(), variance=VARIANCE, smoothing=SMOOTHING, quiet=QUIET)(crop)
    assert torch.equal(every, steps[2])
    for before, after in zip((made, *steps), steps, strict=False):
        assert (before - after).abs().max() > 0.05  # each does something here
    assert (QUIET(crop, VARIANCE(SMOOTHING(made))) - every).abs().max() > 1e-3  # and the order counts


def test_the_limit_holds_against_a_source_that_was_moved(crop: Tensor) -> None:
    moved = (crop - 0.5).clamp(min=0)
    made = louder(Down())(crop)
    assert torch.allclose(Postfilter(louder(Down()), quiet=QUIET)(crop), QUIET(moved, made), atol=1e-5)
    assert (QUIET(moved, made) - QUIET(crop, made)).abs().max() > 0.05


def test_a_checkpoint_knows_of_no_filter() -> None:
    names = set(louder().state_dict())
    assert names == {
        f"{scale}.{what}" for scale in ("source", "target") for what in ("mean", "deviation")
    } | {"gate"}
