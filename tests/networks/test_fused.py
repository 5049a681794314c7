"""Norm and SiLU in one step are norm and SiLU one after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.networks.fused import FusedSequential, NormSiLU
from styleshift.networks.layers import ChannelNorm


def exact(input: Tensor, scale: Tensor) -> Tensor:
    """In float64, by the definition."""
    return functional.silu(input / (input.square().mean(dim=1, keepdim=True) + 1e-6).sqrt() * scale)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(2, 8, 6, 5), (1, 16, 3, 4), (3, 2, 4, 4)])
def test_values_and_gradients_are_those_of_the_definition(
    shape: tuple[int, ...], layout: torch.memory_format
) -> None:
    random = torch.Generator().manual_seed(0)
    input = torch.randn(shape, generator=random, dtype=torch.float64).bfloat16()
    scale = 1 + 0.3 * torch.randn(1, shape[1], 1, 1, generator=random)
    gradient = torch.randn(shape, generator=random, dtype=torch.float64)

    ours = (input.clone().to(memory_format=layout).requires_grad_(), scale.clone().requires_grad_())
    value = NormSiLU.apply(*ours)
    found = torch.autograd.grad(value, ours, gradient.bfloat16())
    theirs = (input.double().requires_grad_(), scale.double().requires_grad_())
    expected = exact(*theirs)
    wanted = torch.autograd.grad(expected, theirs, gradient)
    # bfloat16 has 8 bits: each of some five roundings is up to 0.4 %.
    assert torch.allclose(value.double(), expected, rtol=0.02, atol=0.01)
    for one, other in zip(found, wanted, strict=True):
        assert float((one.double() - other).norm() / other.norm().clamp(min=1e-3)) < 0.02


def test_it_is_used_where_it_pays_and_changes_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = NormSiLU.apply
    monkeypatch.setattr(NormSiLU, "apply", lambda *given: calls.append(1) or real(*given))
    layers = (ChannelNorm(8), nn.SiLU(), nn.Conv2d(8, 8, 3, padding=1))
    plain, fused = nn.Sequential(*layers), FusedSequential(*layers)
    assert plain.state_dict().keys() == fused.state_dict().keys()
    input = torch.randn(2, 8, 4, 4)
    assert torch.equal(plain(input), fused(input))
    with torch.no_grad():
        assert torch.equal(plain(input.bfloat16().float()), fused(input.bfloat16().float()))
    assert not calls
    with torch.autocast("cpu", torch.bfloat16):
        close = fused(input.bfloat16())
        assert calls == [1]
    assert torch.allclose(close.float(), plain(input), atol=0.05)
