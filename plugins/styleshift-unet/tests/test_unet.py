from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from styleshift_unet import UNetOptions
from styleshift_unet.network import UNet

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks import load_registry
from styleshift.recipes import load_recipe
from styleshift.testing import check_generator, check_plugin
from styleshift.training.data import Batch, Statistics
from styleshift.training.model import CycleGAN
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step


def awake(network: UNet) -> UNet:
    """The network with a last layer that is not zero."""
    torch.manual_seed(0)
    torch.nn.init.normal_(network.leave.weight, 0, 0.1)
    return network.eval()


@pytest.fixture(scope="module")
def spec():
    return check_plugin("styleshift_unet").generators.get("unet")


@pytest.mark.parametrize("residual", [True, False])
def test_it_keeps_the_contract_of_generators(spec, residual):
    check_generator(spec, {"channels": 4, "levels": 2, "residual": residual}, export=residual)


def test_it_starts_as_the_identity():
    given = torch.randn(2, 1, 101, 37)
    assert torch.equal(UNet(UNetOptions(channels=4), 101)(given), given)


@pytest.mark.parametrize(("bins", "frames"), [(257, 128), (513, 64), (101, 37), (40, 5), (9, 4)])
def test_any_size_goes_in_and_comes_out(bins, frames):
    network = awake(UNet(UNetOptions(channels=2), bins))
    given = torch.randn(1, 1, bins, frames)
    assert network(given).shape == given.shape


def test_widths_double_up_to_eight_times():
    network = UNet(UNetOptions(channels=4, levels=5), 257)
    assert [layer.out_channels for layer in network.halve] == [8, 16, 32, 32, 32]
    assert sum(weight.numel() for weight in network.parameters()) == parameters(4, 5)


def parameters(channels: int, levels: int) -> int:
    """The number of weights, counted from the architecture on paper."""
    widths = [channels * min(2**level, 8) for level in range(levels + 1)]

    def convolution(inputs, outputs):
        return 9 * inputs * outputs + outputs

    def stage(inputs, outputs):
        return convolution(inputs, outputs) + convolution(outputs, outputs) + 2 * outputs

    total = stage(2, widths[0]) + convolution(widths[0], 1)
    for wide, deep in pairwise(widths):
        total += convolution(wide, deep) + stage(deep, deep)  # down
        total += convolution(deep, wide) + stage(2 * wide, wide)  # up
    return total


def test_music_far_away_in_time_changes_nothing():
    network = awake(UNet(UNetOptions(channels=2, levels=2), 33))
    given = torch.randn(1, 1, 33, 400)
    other = given.clone()
    other[..., 200:] = torch.randn(1, 1, 33, 200)
    with torch.no_grad():
        before, after = network(given), network(other)
    assert torch.equal(before[..., :150], after[..., :150])
    assert not torch.allclose(before[..., 200:], after[..., 200:])


def test_it_learns_a_change_that_depends_on_the_bin():
    torch.manual_seed(0)
    network = UNet(UNetOptions(channels=4, levels=2), 33)
    tilt = torch.linspace(-1, 1, 33)[None, None, :, None]
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(60):
        given = torch.randn(4, 1, 33, 16)
        loss = (network(given) - (given + tilt)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1  # the untrained network is 0.5 off


@pytest.mark.parametrize("objective", [(), ("loss.cycle=0", "loss.patch_nce=1")])
def test_the_trainer_takes_it(monkeypatch, objective):
    registry = check_plugin("styleshift_unet")
    registry.discriminators = load_registry().discriminators
    monkeypatch.setattr("styleshift.training.model.load_registry", lambda: registry)
    small = "spectrogram.fft_length=128", "spectrogram.frame_length=128", "spectrogram.hop_length=64"
    sizes = (
        "data.crop_frames=32",
        "generator.channels=2",
        "discriminator.channels=2",
        "discriminator.bands=32",
    )
    rest = "warm_start.share=0", "warm_start.weight=0", "schedule.precision=float32"
    recipe = load_recipe("small", [*small, *sizes, *rest, "generator.name=unet", *objective])
    torch.manual_seed(0)
    scale = Statistics(torch.full((65,), 3.0), 1.5, 2.0, 8.0)
    state = TrainingState(recipe, CycleGAN(recipe, scale, scale), 0)
    before = {name: value.clone() for name, value in state.model.translators.named_parameters()}
    for _ in range(2):  # the last layer is zero at the start, so that the rest moves in the second step
        losses = train_step(state, Batch(3 + torch.rand(2, 1, 65, 32), 4 + torch.rand(2, 1, 65, 32)))
    assert all(torch.isfinite(value) for value in losses.values())
    moved = [
        not torch.equal(value, before[name]) for name, value in state.model.translators.named_parameters()
    ]
    assert all(moved)


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"levels": 0}, {"levels": 9}])
def test_sizes_out_of_range_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        UNetOptions(**wrong)


def test_the_default_is_light_enough_for_a_cpu():
    network = UNet(UNetOptions(), SpectrogramConfig().bins)
    assert sum(weight.numel() for weight in network.parameters()) < 3_000_000
