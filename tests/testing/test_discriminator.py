"""The contract check of discriminators: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import DiscriminatorSpec, NoOptions
from styleshift.testing import ContractError, check_discriminator

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=16, fft_length=64)


class Whole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 3)
        self.last = nn.Conv2d(2, 1, 3)

    def features(self, given: torch.Tensor) -> Any:
        return [torch.relu(self.layer(given))]

    def forward(self, given: torch.Tensor) -> Any:
        return self.last(self.features(given)[0]).flatten(1)


def check(module: Any) -> None:
    spec = DiscriminatorSpec("wrong", "a test", NoOptions, lambda *_: module())
    check_discriminator(spec, spectrograms=[CONFIG], frames=16)


def test_a_whole_one_passes() -> None:
    check(Whole)


def changed(**members: Any) -> type:
    return type("Changed", (Whole,), members)


def unused(self: Any) -> None:
    Whole.__init__(self)
    self.unused = nn.Parameter(torch.ones(1))


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (lambda: 1 / 0, "build failed: ZeroDivisionError"),
        (lambda: None, "build returned None, not a torch module"),
        (changed(forward=lambda self, x: None), "it returned None, not a tensor"),
        (changed(forward=lambda self, x: x), "patches] was wanted"),
        (changed(forward=lambda self, x: x.flatten(1)[:, :1] / 0), "not finite"),
        (changed(forward=lambda self, x: x.mul_(2).flatten(1)), "changes its input in place"),
        (changed(forward=lambda self, x: (x - x.mean(0)).flatten(1)), "otherwise than alone"),
        (changed(forward=lambda self, x: 1 / 0), "build failed: ZeroDivisionError"),
        (changed(features=None, forward=lambda self, x: x.flatten(1)), "it has no features"),
        (
            changed(features=lambda self, x: x, forward=lambda self, x: x.flatten(1)),
            "returned Tensor, not a list",
        ),
        (changed(__init__=unused), "no gradient reaches the weight unused"),
    ],
)
def test_a_broken_promise_is_named(module: Any, sentence: str) -> None:
    with pytest.raises(ContractError, match=sentence):
        check(module)
