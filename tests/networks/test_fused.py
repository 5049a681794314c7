"""A norm and its activation in one step are what they are one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.networks.fused import FusedSequential
from styleshift.networks.kernels import InstanceNormActivation, NormSiLU, add_along_frames
from styleshift.networks.layers import ChannelNorm, InstanceNorm2d

LAYOUTS = [torch.contiguous_format, torch.channels_last]


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def any_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def images(random: torch.Generator, shape: tuple[int, ...], layout: torch.memory_format) -> Tensor:
    return torch.randn(shape, generator=random).bfloat16().to(memory_format=layout)


def apart(one: Tensor, other: Tensor) -> float:
    one, other = one.detach(), other.detach()
    return float((one.double() - other.double()).norm() / other.double().norm().clamp(min=1e-3))


def rms_silu(input: Tensor, scale: Tensor) -> Tensor:
    return functional.silu(input / (input.square().mean(dim=1, keepdim=True) + 1e-6).sqrt() * scale)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 8, 6, 5), (1, 16, 3, 4), (3, 2, 4, 4), (1, 64, 1, 1)])
def test_norm_silu_is_its_definition(
    shape: tuple[int, ...], layout: torch.memory_format, random: torch.Generator
) -> None:
    input, gradient = images(random, shape, layout), images(random, shape, layout)
    scale = 1 + 0.3 * torch.randn(1, shape[1], 1, 1, generator=random)

    ours = (input.clone().requires_grad_(), scale.clone().requires_grad_())
    value = NormSiLU.apply(*ours)
    found = torch.autograd.grad(value, ours, gradient)
    exact = (input.double().requires_grad_(), scale.double().requires_grad_())
    expected = rms_silu(*exact)
    wanted = torch.autograd.grad(expected, exact, gradient.double())
    # bfloat16 has 8 bits: one rounding is 0.2 % at the mean, 0.4 % at most.
    assert apart(value, expected) < 0.004
    assert apart(found[0], wanted[0]) < 0.004
    assert apart(found[1], wanted[1]) < 0.001


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 16, 6, 5), (1, 48, 3, 4), (1, 128, 1, 7)])
def test_instance_norm_with_its_activation_is_its_definition(
    shape: tuple[int, ...], layout: torch.memory_format, slope: float, random: torch.Generator
) -> None:
    # Values to which no rounding matters, far from zero: there a careless variance would be lost.
    input = (8 + images(random, shape, layout)).requires_grad_()
    gradient = images(random, shape, layout)
    weight, bias = torch.randn(2, shape[1], generator=random).unbind()

    ours = (input, weight.clone().requires_grad_(), bias.clone().requires_grad_())
    value = InstanceNormActivation.apply(*ours, slope)
    found = torch.autograd.grad(value, ours, gradient)
    exact = tuple(part.detach().double().requires_grad_() for part in ours)
    expected = functional.leaky_relu(
        functional.instance_norm(exact[0], weight=exact[1], bias=exact[2]), slope
    )
    wanted = torch.autograd.grad(expected, exact, gradient.double())
    assert apart(value, expected) < 0.004
    assert apart(found[0], wanted[0]) < 0.004
    assert apart(found[1], wanted[1]) < 0.001
    assert apart(found[2], wanted[2]) < 0.001


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_added_along_frames_is_added_to_the_bit(
    layout: torch.memory_format, random: torch.Generator
) -> None:
    input, gradient = images(random, (2, 8, 6, 16), layout), images(random, (2, 8, 6, 16), layout)
    given = (input.requires_grad_(), images(random, (1, 8, 6, 1), layout).requires_grad_())
    plain = given[0] + given[1]
    value = add_along_frames(*given)
    assert torch.equal(value, plain)
    found = torch.autograd.grad(value, given, gradient)
    assert torch.equal(found[0], gradient)
    assert apart(found[1], gradient.double().sum(dim=(0, 3), keepdim=True)) < 0.004


def test_any_number_of_threads_gives_the_same_bits(any_threads: None, random: torch.Generator) -> None:
    # Enough for more than one thread; see worth_threads in cpp/src/layers.cpp.
    input, gradient = (images(random, (2, 16, 128, 128), torch.channels_last) for _ in range(2))
    scale = torch.randn(1, 16, 1, 1, generator=random)
    results = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        given = [part.clone().requires_grad_() for part in (input, scale, scale.flatten(), scale.flatten())]
        silu = NormSiLU.apply(given[0], given[1])
        norm = InstanceNormActivation.apply(given[0], given[2], given[3], 0.0)
        results.append([silu, norm, *torch.autograd.grad([silu, norm], given, [gradient, gradient])])
    for one, three in zip(*results, strict=True):
        assert torch.equal(one, three)


def test_memory_that_gradients_share_is_not_written_to(random: torch.Generator) -> None:
    """Around a block the gradient goes two ways; neither may see what the other made of it."""
    input = images(random, (1, 16, 4, 4), torch.channels_last).requires_grad_()
    gradient = images(random, (1, 16, 4, 4), torch.channels_last)
    kept = gradient.clone()
    value = input + InstanceNormActivation.apply(input, torch.ones(16), torch.zeros(16), 0.0)
    value.backward(gradient)
    assert torch.equal(gradient, kept)


LAYERS = {
    NormSiLU: (ChannelNorm(16), nn.SiLU()),
    InstanceNormActivation: (InstanceNorm2d(16), nn.LeakyReLU(0.2)),
}


@pytest.mark.parametrize("function", list(LAYERS))
def test_it_is_used_where_it_pays_and_changes_nothing_elsewhere(
    function: type[torch.autograd.Function], monkeypatch: pytest.MonkeyPatch, random: torch.Generator
) -> None:
    calls = []
    real = function.apply
    monkeypatch.setattr(function, "apply", lambda *given: calls.append(1) or real(*given))
    layers = (*LAYERS[function], nn.Conv2d(16, 8, 3, padding=1))
    plain, fused = nn.Sequential(*layers), FusedSequential(*layers)
    assert plain.state_dict().keys() == fused.state_dict().keys()
    input = torch.randn(2, 16, 4, 4, generator=random)
    assert torch.equal(plain(input), fused(input))
    with torch.no_grad():
        assert torch.equal(plain(input.bfloat16().float()), fused(input.bfloat16().float()))
    assert not calls
    with torch.autocast("cpu", torch.bfloat16):
        close = fused(input.bfloat16())
        assert calls == [1]
    assert torch.allclose(close.float(), plain(input), atol=0.05)


def test_channels_that_it_cannot_take_go_the_plain_way(random: torch.Generator) -> None:
    for layers, channels in (((ChannelNorm(12), nn.SiLU()), 12), ((InstanceNorm2d(24), nn.ReLU()), 24)):
        input = images(random, (2, channels, 4, 4), torch.channels_last).requires_grad_()
        made = FusedSequential(*layers)(input)
        assert apart(made, nn.Sequential(*layers)(input.float())) < 0.02
        assert torch.isfinite(torch.autograd.grad(made.float().sum(), input)[0]).all()
