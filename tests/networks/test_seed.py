"""The seed's networks, counted: layers, strides, widths, norms, parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import pytest
import torch
from torch import nn

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.layers import InstanceNorm2d
from styleshift.networks.options import SeedDiscriminatorOptions, SeedGeneratorOptions
from styleshift.networks.seed import ResidualLayer, SeedDiscriminator, SeedGenerator

SMALL = SpectrogramConfig(sample_rate=8000, frame_length=128, hop_length=64, fft_length=128)  # 65 bins


def parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_generator_layers() -> None:
    generator = SeedGenerator(SeedGeneratorOptions(), SpectrogramConfig())
    top = list(generator.layers)
    convolutions = [layer for layer in top if isinstance(layer, nn.Conv2d)]
    residual = [layer for layer in top if isinstance(layer, ResidualLayer)]
    transposed = [layer for layer in top if isinstance(layer, nn.ConvTranspose2d)]
    assert [layer.stride for layer in convolutions] == [(2, 2)] * 2
    assert [layer.kernel_size for layer in convolutions] == [(3, 3)] * 2
    assert len(residual) == 9
    assert [layer.stride for layer in transposed] == [(2, 2)] * 2
    assert (
        top.index(convolutions[-1])
        < top.index(residual[0])
        < top.index(residual[-1])
        < top.index(transposed[0])
    )
    for layer in residual:
        inner = [part for part in layer.inner if isinstance(part, nn.Conv2d)]
        assert [(part.stride, part.kernel_size) for part in inner] == [((1, 1), (3, 3))] * 2
    # instance norm and ReLU after every layer but the output
    for layer in [*convolutions, transposed[0]]:
        after = top[top.index(layer) + 1 : top.index(layer) + 3]
        assert [type(part) for part in after] == [InstanceNorm2d, nn.ReLU]
    assert sum(isinstance(part, InstanceNorm2d) for part in generator.modules()) == 2 + 9 * 2 + 1
    assert not any(isinstance(part, nn.MaxPool2d | nn.AvgPool2d) for part in generator.modules())


@pytest.mark.parametrize("channels", [4, 64])
def test_generator_parameters(channels: int) -> None:
    c = channels
    convolutions = (9 * 1 * c + c) + (9 * c * 2 * c + 2 * c)
    residual = 9 * 2 * (9 * 2 * c * 2 * c + 2 * c)
    transposed = (9 * 2 * c * c + c) + (9 * c * 1 + 1)
    norms = 2 * (c + 2 * c + 9 * 2 * 2 * c + c)
    generator = SeedGenerator(SeedGeneratorOptions(channels=c), SpectrogramConfig())
    assert parameters(generator) == convolutions + residual + transposed + norms


@pytest.mark.parametrize("frames", [16, 20, 64])
def test_generator_keeps_the_shape(frames: int) -> None:
    generator = SeedGenerator(SeedGeneratorOptions(channels=2, blocks=1), SpectrogramConfig())
    assert generator(torch.randn(2, 1, 257, frames)).shape == (2, 1, 257, frames)


def test_both_networks_are_what_they_always_were() -> None:
    """Figures of the first version: the same random numbers, layers in the same order, the same names."""
    torch.manual_seed(0)
    generator = SeedGenerator(SeedGeneratorOptions(channels=4, blocks=2), SMALL)
    discriminator = SeedDiscriminator(SeedDiscriminatorOptions(channels=2), SMALL, 64)
    given = torch.linspace(-2, 2, 65 * 64).sin().reshape(1, 1, 65, 64)
    made = generator(given)
    assert made.mean().item() == pytest.approx(-0.012416007, rel=1e-4)
    assert made[0, 0, 10, 10].item() == pytest.approx(0.06497623, rel=1e-4)
    assert discriminator(given).item() == pytest.approx(0.11382265, rel=1e-4)
    assert list(discriminator.state_dict())[-2:] == ["dense.weight", "dense.bias"]


def test_added_to_its_input_it_is_the_same_network() -> None:
    """Drawn alike, but for the last layer, which begins at nothing."""

    def drawn(residual: bool) -> SeedGenerator:
        torch.manual_seed(0)
        return SeedGenerator(SeedGeneratorOptions(channels=4, blocks=2, residual=residual), SMALL)

    plain, added = drawn(False), drawn(True)
    given = torch.randn(1, 1, 65, 16)
    assert torch.equal(added(given), given)
    added.layers[-1].load_state_dict(plain.layers[-1].state_dict())
    assert torch.equal(added(given), given + plain(given))


def test_discriminator_layers() -> None:
    discriminator = SeedDiscriminator(SeedDiscriminatorOptions(), SpectrogramConfig(), 64)
    convolutions = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.stride[0] for layer in convolutions] == [2, 2, 2, 2, 1]
    assert [layer.kernel_size for layer in convolutions] == [(4, 4)] * 5
    assert [type(layer) for layer in list(discriminator.convolutions)[1:]] == [
        nn.Conv2d,
        InstanceNorm2d,
        nn.ReLU,
    ] * 5
    assert sum(isinstance(layer, nn.Linear) for layer in discriminator.modules()) == 1
    assert discriminator(torch.randn(3, 1, 257, 64)).shape == (3, 1)


def test_discriminator_parameters() -> None:
    c, frames = 8, 64
    widths = (1, c, 2 * c, 4 * c, 8 * c, 8 * c)
    convolutions = sum(16 * i * o + o + 2 * o for i, o in pairwise(widths))
    # 256 bins halve four times to 16, and the last convolution takes one; 64 frames to 4, then 3
    dense = 8 * c * 15 * 3 + 1
    discriminator = SeedDiscriminator(SeedDiscriminatorOptions(channels=c), SpectrogramConfig(), frames)
    assert parameters(discriminator) == convolutions + dense


def test_discriminator_without_its_dense_layer_answers_for_each_patch() -> None:
    """A change of one corner is heard by the patches there alone, where no norm takes statistics."""
    torch.manual_seed(0)
    options = SeedDiscriminatorOptions(channels=2, dense=False, norm="none")
    discriminator = SeedDiscriminator(options, SpectrogramConfig(), 256)
    answers = discriminator(torch.randn(3, 1, 257, 256))
    assert answers.shape == (3, 14 * 14)
    assert not any(isinstance(layer, nn.Linear) for layer in discriminator.modules())
    given = torch.randn(1, 1, 257, 256)
    changed = given.clone()
    changed[..., :8, :8] += 1
    moved = (discriminator(given) != discriminator(changed)).reshape(14, 14)
    assert moved[0, 0]
    assert not moved[6:].any()
    assert not moved[:, 6:].any()


@pytest.mark.parametrize(("norm", "heard"), [("instance", 0.0), ("none", 1.0)])
def test_discriminator_hears_how_far_apart_loud_and_faint_are_only_without_norm(
    norm: Literal["instance", "none"], heard: float
) -> None:
    torch.manual_seed(0)
    options = SeedDiscriminatorOptions(channels=4, dense=False, norm=norm)
    discriminator = SeedDiscriminator(options, SMALL, 64)
    given = torch.randn(1, 1, 65, 64)
    answers = discriminator(given)
    assert answers.std() > 0.01
    difference = discriminator(2 * given) - answers
    assert (difference.norm() / answers.norm()).item() == pytest.approx(heard, abs=0.05)


def test_discriminator_refuses_a_tiny_crop() -> None:
    with pytest.raises(ConfigError, match="16 frames"):
        SeedDiscriminator(SeedDiscriminatorOptions(), SpectrogramConfig(), 16)


@pytest.mark.parametrize("batch", [1, 4])
def test_instance_norm_gradient_channels_last(batch: int) -> None:
    """PyTorch's own is wrong for a batch of one with a channels-last gradient: a relative error of 1.4."""
    torch.manual_seed(0)
    norm = InstanceNorm2d(4)
    values, gradient = torch.randn(batch, 4, 8, 6), torch.randn(batch, 4, 8, 6)

    def input_gradient(layer: nn.Module, x: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        x = x.detach().requires_grad_()
        layer(x).backward(g)
        assert x.grad is not None
        return x.grad.double()

    last = torch.channels_last
    exact = input_gradient(InstanceNorm2d(4).double(), values.double(), gradient.double())
    for x in (values, values.contiguous(memory_format=last)):
        for g in (gradient, gradient.contiguous(memory_format=last)):
            found = input_gradient(norm, x, g)
            assert float((found - exact).norm() / exact.norm()) < 1e-5


def test_generator_gradient_against_float64() -> None:
    """The whole generator, batch of one: the first layer's gradient as float64 has it."""
    torch.manual_seed(0)
    generator = SeedGenerator(SeedGeneratorOptions(channels=4, blocks=2), SMALL)
    values = torch.randn(1, 1, 65, 16)

    def gradient(x: torch.Tensor) -> torch.Tensor:
        generator.zero_grad()
        generator(x).square().mean().backward()
        weight = next(generator.parameters()).grad
        assert weight is not None
        return weight.double().clone()

    found = gradient(values)
    generator.double()
    exact = gradient(values.double())
    assert float((found - exact).norm() / exact.norm()) < 1e-3
