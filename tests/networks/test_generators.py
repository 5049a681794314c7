"""The generators beside the seed's and the default's: layer by layer, and through the whole product.

Of styleshift.networks.resize and styleshift.networks.voice.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from styleshift.bundle.export import export_bundle
from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.options import build_config
from styleshift.hooks.registry import load_registry
from styleshift.networks.layers import InstanceNorm2d, Resize
from styleshift.networks.options import (
    OneDimensionalGeneratorOptions,
    ResizeGeneratorOptions,
    SeedGeneratorOptions,
    TwoOneTwoGeneratorOptions,
)
from styleshift.networks.resize import ResizeGenerator
from styleshift.networks.seed import SeedGenerator
from styleshift.networks.voice import Block, OneDimensionalGenerator, TwoOneTwoGenerator, Up
from styleshift.recipes import DataConfig, Recipe
from styleshift.testing import check_generator
from styleshift.training.checkpoint import TrainedModel
from styleshift.training.translator import Scale, Translator

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=128, hop_length=64, fft_length=128)  # 65 bins
NAMES = ("resize", "1d", "2-1-2d")
TINY = {"channels": 4, "blocks": 2}


def build(name: str, **options: object) -> nn.Module:
    spec = load_registry().generators.get(name)
    torch.manual_seed(0)
    return spec.build(build_config(spec.config, {**TINY, **options}, name), CONFIG)


def convolutions(module: nn.Module) -> list[tuple[int, int, tuple[int, ...], tuple[int, ...]]]:
    """In, out, width and stride of each, in order."""
    return [
        (part.in_channels, part.out_channels, tuple(part.kernel_size), tuple(part.stride))
        for part in module.modules()
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)
    ]


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_they_keep_the_contract(name: str, residual: bool) -> None:
    spec = load_registry().generators.get(name)
    check_generator(spec, {**TINY, "residual": residual}, export=False)


def test_resize_is_the_seeds_but_for_the_way_up() -> None:
    resize = ResizeGenerator(ResizeGeneratorOptions(channels=4, blocks=3), CONFIG)
    seed = SeedGenerator(SeedGeneratorOptions(channels=4, blocks=3), CONFIG)
    assert convolutions(resize)[:-2] == convolutions(seed)[:-2]
    assert convolutions(resize)[-2:] == [(8, 4, (3, 3), (1, 1)), (4, 1, (3, 3), (1, 1))]
    assert not any(isinstance(part, nn.ConvTranspose2d) for part in resize.modules())
    assert [type(part) for part in resize.layers[-4:]] == [Resize, InstanceNorm2d, nn.ReLU, Resize]


def test_resize_leaves_no_grid() -> None:
    """A constant comes out constant away from the edges, which transposed convolution fails."""
    torch.manual_seed(0)
    flat = torch.ones(1, 3, 16, 16)

    def unevenness(layer: nn.Module) -> float:
        inner = layer(flat)[0, 0, 4:-4, 4:-4].detach()
        return float((inner - inner.mean()).abs().max())

    assert unevenness(Resize(3, 1)) < 1e-6
    assert unevenness(nn.ConvTranspose2d(3, 1, 3, stride=2, padding=1, output_padding=1)) > 0.01


def test_1d_layers() -> None:
    c, bins = 4, 65
    found = convolutions(
        OneDimensionalGenerator(OneDimensionalGeneratorOptions(channels=c, blocks=6), CONFIG)
    )
    block = [(4 * c, 8 * 2 * c, (1, 3), (1, 1)), (8 * c, 4 * c, (1, 3), (1, 1))]  # the first has gates
    assert found == [
        (bins, 2 * c, (1, 15), (1, 1)),
        (c, 4 * c, (1, 5), (1, 2)),
        (2 * c, 8 * c, (1, 5), (1, 2)),
        *(block * 6),
        (4 * c, 2 * 2 * 4 * c, (1, 5), (1, 1)),
        (4 * c, 2 * 2 * 2 * c, (1, 5), (1, 1)),
        (2 * c, bins, (1, 15), (1, 1)),
    ]


def test_2_1_2d_layers() -> None:
    c, rows = 4, 16
    module = TwoOneTwoGenerator(TwoOneTwoGeneratorOptions(channels=c), CONFIG)
    assert convolutions(module)[:4] == [
        (1, 2 * c, (5, 15), (1, 1)),
        (c, 4 * c, (5, 5), (2, 2)),
        (2 * c, 4 * c, (5, 5), (2, 2)),
        (2 * c * rows, 2 * c, (1, 1), (1, 1)),
    ]
    assert convolutions(module)[-4:] == [
        (2 * c, 2 * c * rows, (1, 1), (1, 1)),
        (2 * c, 4 * 2 * 2 * c, (5, 5), (1, 1)),
        (2 * c, 4 * 2 * c, (5, 5), (1, 1)),
        (c, 1, (5, 15), (1, 1)),
    ]
    assert sum(isinstance(part, Block) for part in module.modules()) == 6


def test_channels_are_dealt_out_in_time() -> None:
    """Of neighbouring channels the first gives the even frames, the second the odd: as pixel shuffle does."""
    up = Up(2, 1, flat=True)
    with torch.no_grad():
        up.convolution.weight.zero_()
        up.convolution.bias.copy_(torch.tensor([1.0, 2.0, 50.0, 50.0]))  # type: ignore[union-attr]
        up.norm = nn.Identity()
    out = up(torch.zeros(1, 2, 1, 3))
    assert out.shape == (1, 1, 1, 6)
    assert out.flatten().tolist() == pytest.approx([1, 2, 1, 2, 1, 2])


@pytest.mark.parametrize("name", [*NAMES, "seed"])
def test_added_to_its_input_it_starts_as_the_identity(name: str) -> None:
    given = torch.randn(1, 1, 65, 20)
    assert torch.equal(build(name, residual=True)(given), given)
    assert not torch.allclose(build(name)(given), given, atol=0.1)


@pytest.mark.parametrize("name", [*NAMES, "seed", "residual"])
def test_features_are_of_the_encoder_at_several_depths(name: str) -> None:
    options = {"channels": 4, **({"bands": 32, "levels": 2} if name == "residual" else {"blocks": 4})}
    spec = load_registry().generators.get(name)
    module = spec.build(build_config(spec.config, options, name), CONFIG)
    features = module.features(torch.randn(2, 1, 65, 64))
    assert len(features) >= 3
    frames = [part.shape[3] for part in features]
    assert frames == sorted(frames, reverse=True)
    assert frames[-1] < frames[0]
    assert all(part.shape[0] == 2 and part.ndim == 4 for part in features)


@pytest.mark.parametrize("name", NAMES)
def test_a_little_training_lowers_the_loss(name: str) -> None:
    module = build(name, channels=8, residual=True)
    optimiser = torch.optim.Adam(module.parameters(), 3e-3)
    given = torch.randn(4, 1, 65, 32)
    tilt = torch.linspace(-1, 1, 65)[None, None, :, None]
    history = []
    for _ in range(40):
        loss = (module(given) - (given + tilt)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(float(loss.detach()))
    assert history[0] == pytest.approx(0.5, abs=0.02)
    assert history[-1] < 0.3


@pytest.mark.parametrize("name", NAMES)
def test_the_bundle_exporter_takes_them(name: str, tmp_path: Path) -> None:
    scale = Scale(torch.full((65,), 2.0), 1.5)
    core = build(name).eval().requires_grad_(False)
    generator = Translator(core, scale, scale, 0.0, True, 1.0)
    recipe = Recipe(spectrogram=CONFIG, data=DataConfig(crop_frames=64))
    trained = TrainedModel(
        recipe=recipe,
        domains=("a", "b"),
        translators={"x2y": generator, "y2x": generator},
        checkpoints={direction: {"step": 1, "seconds": 1.0} for direction in ("x2y", "y2x")},
        time_multiple=4,
        provenance={"run": "test"},
        requires=[],
    )
    made = export_bundle(trained, "x2y", tmp_path / "model.onnx")
    assert made.parity < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_bad_options_are_named(name: str) -> None:
    spec = load_registry().generators.get(name)
    with pytest.raises(ConfigError, match=f"{name}: channels is 0"):
        build_config(spec.config, {"channels": 0}, name)
    with pytest.raises(ConfigError, match="no option 'chanels'"):
        build_config(spec.config, {"chanels": 0}, name)
