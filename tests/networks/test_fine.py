from __future__ import annotations

import numpy as np
import pytest
import torch

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.registry import load_registry
from styleshift.networks.fine import FineGenerator
from styleshift.networks.onsets import RISE_FRAMES, TIME_CONSTANTS, Onsets
from styleshift.networks.options import FineGeneratorOptions
from styleshift.testing.generator import check_generator

CONFIG = SpectrogramConfig(sample_rate=22050, frame_length=1024, hop_length=256, fft_length=1024)
SMALL = FineGeneratorOptions(bands=64, channels=4, detail=8)


def awake(options: FineGeneratorOptions = SMALL) -> FineGenerator:
    """With weights in the layers that begin as zeros."""
    torch.manual_seed(0)
    generator = FineGenerator(options, CONFIG)
    for layer in (generator.leave, generator.detail.leave):
        torch.nn.init.normal_(layer.weight, 0, 0.3)
    return generator.eval()


def test_starts_as_the_identity() -> None:
    values = torch.randn(2, 1, 513, 64)
    assert torch.equal(FineGenerator(SMALL, CONFIG)(values), values)


def test_it_keeps_the_contract() -> None:
    spec = load_registry().generators.get("fine")
    check_generator(spec, {"channels": 4, "bands": 32, "detail": 8, "levels": 1, "past": 2})


def test_neighbouring_bins_of_a_band_can_change_apart() -> None:
    """What a gain a band cannot do: the change is no interpolation between bands."""
    generator = awake()
    values = torch.randn(1, 1, 513, 64)
    with torch.no_grad():
        change = generator(values) - values
    smooth = generator.bands.back(generator.bands(change))
    assert float((change - smooth).abs().mean()) > 0.1 * float(change.abs().mean())


def test_every_bin_can_be_taken_away() -> None:
    generator = FineGenerator(SMALL, CONFIG)
    torch.nn.init.zeros_(generator.detail.leave.weight)
    with torch.no_grad():
        generator.detail.leave.bias[:4] = -np.arctanh(0.8)  # contrast -1 for the four bins of a row
        assert float(generator(torch.randn(1, 1, 513, 64)).abs().max()) < 1e-5


def test_it_looks_two_seconds_back() -> None:
    generator = awake()
    values = torch.randn(1, 1, 513, 384)
    other = values.clone()
    other[..., 64:80] += 2
    with torch.no_grad():
        change = (generator(other) - generator(values)).abs().amax(dim=(0, 1, 2))
    heard = torch.nonzero(change > 1e-5)[-1]
    assert int(heard) - 80 >= 2 * CONFIG.frame_rate


def test_traces_are_the_recursion() -> None:
    """Doubling gives the fading maximum that a loop over frames gives, within its reach."""
    onsets = Onsets(CONFIG.frame_rate)
    levels = torch.randn(1, 1, 3, 200, dtype=torch.float64).cumsum(dim=3)
    found = onsets(levels).numpy()
    assert found.shape == (1, onsets.channels, 3, 200)
    plain = levels[0, 0].numpy()
    earlier = np.concatenate([np.repeat(plain[:, :1], RISE_FRAMES, axis=1), plain], axis=1)
    flux = np.maximum(0, plain - earlier[:, :-RISE_FRAMES])
    assert np.allclose(found[0, 0], flux)
    for number, constant in enumerate(TIME_CONSTANTS):
        fade = np.exp(-1 / (CONFIG.frame_rate * constant))
        for channel, given in ((1 + number, flux), (4 + number, np.repeat(flux.mean(0)[None], 3, axis=0))):
            trace = np.zeros_like(given)
            last = np.zeros(3)
            for frame in range(200):
                last = trace[:, frame] = np.maximum(given[:, frame], fade * last)
            assert np.abs(found[0, channel] - trace).max() < 0.02 * given.max()


def test_a_held_sound_has_one_onset() -> None:
    levels = torch.full((1, 1, 4, 128), -2.0)
    levels[..., 32:] = 1.0
    found = Onsets(CONFIG.frame_rate)(levels)[0]
    assert found[0].nonzero()[:, 1].unique().tolist() == [32, 33]
    assert float(found[..., :32].abs().max()) == 0
    assert (found[1:, :, 40:].diff(dim=2) <= 0).all()


def test_bad_options_are_named() -> None:
    for values, text in (
        ({"bands": 100}, "bands"),
        ({"levels": 9}, "levels"),
        ({"detail": 6}, "detail"),
        ({"past": -1}, "past"),
    ):
        with pytest.raises(ConfigError, match=text):
            FineGeneratorOptions(**values)
