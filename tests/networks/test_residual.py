from __future__ import annotations

import numpy as np
import pytest
import torch

from styleshift.errors import ConfigError, PluginError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.options import build_config
from styleshift.hooks.registry import load_registry
from styleshift.networks.layers import Bands, band_positions
from styleshift.networks.options import ResidualGeneratorOptions
from styleshift.networks.patch import Deltas
from styleshift.networks.residual import ResidualGenerator

CONFIG = SpectrogramConfig(sample_rate=22050, frame_length=1024, hop_length=256, fft_length=1024)
SMALL = ResidualGeneratorOptions(bands=64, channels=4)


def test_starts_as_the_identity() -> None:
    generator = ResidualGenerator(SMALL, CONFIG)
    values = torch.randn(2, 1, 513, 64)
    assert torch.equal(generator(values), values)


def test_change_stays_within_the_bound() -> None:
    torch.manual_seed(0)
    generator = ResidualGenerator(ResidualGeneratorOptions(bands=64, channels=4, bound=1.5), CONFIG)
    for weight in generator.parameters():
        torch.nn.init.normal_(weight, 0, 1)
    values = torch.randn(1, 1, 513, 64)
    change = (generator(values) - values).detach().abs()
    assert 1.0 < float(change.max()) <= 1.5001


def test_a_window_comes_out_as_the_whole_does() -> None:
    """No statistics over time: the middle of a long input equals the same frames converted alone."""
    torch.manual_seed(0)
    generator = ResidualGenerator(ResidualGeneratorOptions(bands=64, channels=4, levels=2), CONFIG)
    torch.nn.init.normal_(generator.leave[-1].weight, 0, 1)
    values = torch.randn(1, 1, 513, 512)
    values[..., :128] += 3  # a loud start, as a level ramp
    whole, part = generator(values), generator(values[..., 128:384])
    assert torch.allclose(whole[..., 224:288], part[..., 96:160], atol=1e-4)


def test_band_axis() -> None:
    positions = band_positions(CONFIG, 128).numpy()
    steps = np.diff(positions)
    assert positions[0] == 0
    assert positions[-1] == pytest.approx(127)
    assert steps[0] == pytest.approx(1, abs=0.02)
    # far above 700 Hz the axis follows mel, ln(1 + f / 700)
    frequency = np.arange(513) * 22050 / 1024
    mel = np.log1p(frequency / 700)
    assert steps[300:] / np.diff(mel)[300:] == pytest.approx(steps[400] / np.diff(mel)[400], rel=1e-3)
    assert (np.diff(steps) <= 1e-12).all()


def test_bands_keep_a_constant_there_and_back() -> None:
    bands = Bands(CONFIG, 128)
    values = torch.full((1, 1, 513, 2), 3.0)
    assert torch.allclose(bands(values), torch.full((1, 1, 128, 2), 3.0), atol=1e-5)
    assert torch.allclose(bands.back(bands(values)), values, atol=1e-5)


@pytest.mark.parametrize("name", ["seed", "residual"])
def test_registered_generators_keep_their_promise(name: str) -> None:
    spec = load_registry().generators.get(name)
    options = {"channels": 4, **({"blocks": 1} if name == "seed" else {})}
    module = spec.build(build_config(spec.config, options, name), CONFIG)
    for frames in (spec.time_multiple * 4, spec.time_multiple * 7):
        assert module(torch.randn(2, 1, 513, frames)).shape == (2, 1, 513, frames)


def test_bad_options_are_named() -> None:
    for values, text in (({"bands": 100}, "bands"), ({"levels": 9}, "levels"), ({"bound": 0.0}, "bound")):
        with pytest.raises(ConfigError, match=text):
            ResidualGeneratorOptions(**values)


def build_discriminator(name: str, options: dict[str, object], frames: int) -> torch.nn.Module:
    spec = load_registry().discriminators.get(name)
    return spec.build(build_config(spec.config, options, name), CONFIG, frames)


@pytest.mark.parametrize(
    "options", [{}, {"scales": 2}, {"norm": "instance"}, {"spectral": True}, {"bands": 0}, {"deltas": True}]
)
def test_patch_discriminator(options: dict[str, object]) -> None:
    discriminator = build_discriminator("patch", {"channels": 4, **options}, 64)
    logits = discriminator(torch.randn(2, 1, 513, 64))
    assert logits.ndim == 2
    assert logits.shape[0] == 2
    assert logits.shape[1] > 4
    features = discriminator.features(torch.randn(2, 1, 513, 64))  # type: ignore[operator]
    assert len(features) == 3 * int(options.get("scales", 1))


def test_a_discriminator_with_deltas_sees_steps_from_frame_to_frame() -> None:
    found = Deltas()(torch.tensor([1.0, 1.0, 3.0, 2.0]).reshape(1, 1, 1, 4))
    assert found[0, :, 0].tolist() == [[1.0, 1.0, 3.0, 2.0], [0.0, 0.0, 2.0, -1.0]]


def test_discriminator_errors() -> None:
    with pytest.raises(PluginError, match="no discriminator 'x'"):
        build_discriminator("x", {}, 64)
    with pytest.raises(ConfigError, match="no option 'chanels'"):
        build_discriminator("patch", {"chanels": 3}, 64)
    with pytest.raises(ConfigError, match="crops of 16 frames"):
        build_discriminator("patch", {"layers": 6}, 16)
