"""Of styleshift.networks.band_unet: how far ahead the generators that are built on it look."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import torch
from torch import nn

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.options import build_config
from styleshift.hooks.registry import load_registry
from styleshift.recipes import load_recipe

GUIDE = Path(__file__).parents[2] / "docs" / "explanation" / "training.md"
# Few of all that no frame depends on.
FEW = {"channels": 2, "bands": 16}
BINS = SpectrogramConfig(sample_rate=22050, frame_length=64, hop_length=16, fft_length=64)
HALVED = 16  # frames that the deepest level sees as one: where in them a change begins counts


@pytest.mark.parametrize(
    ("recipe", "name", "frames"), [("small", "residual", 151), ("voice", "fine", 153), ("music", "fine", 241)]
)
def test_a_frame_depends_on_so_many_after_it_and_on_none_beyond(recipe: str, name: str, frames: int) -> None:
    """What depends on a frame that is no number is no number itself, and the rest stays bit for bit."""
    loaded = load_recipe(recipe)
    assert loaded.generator.name == name
    spec = load_registry().generators.get(name)
    few = FEW | ({"detail": 4} if name == "fine" else {})
    torch.manual_seed(0)
    generator = spec.build(build_config(spec.config, {**loaded.generator.options, **few}, name), BINS).eval()
    for weight in generator.parameters():
        nn.init.normal_(weight, 0, 0.3)
    values = torch.randn(1, 1, BINS.bins, 32 * HALVED, dtype=torch.float32)
    ahead = []
    with torch.no_grad():
        plain = generator(values)
        for first in range(16 * HALVED, 17 * HALVED):
            other = values.clone()
            other[..., first:] = torch.nan
            found = generator(other)
            changed = int(found.isnan().flatten(0, 2).any(dim=0).nonzero()[0])
            assert torch.equal(found[..., :changed], plain[..., :changed])
            ahead.append(first - changed)
    assert max(ahead) == frames
    assert min(ahead) == frames - HALVED + 1

    hop = loaded.spectrogram.hop_length / loaded.spectrogram.sample_rate
    said = f"{frames} frames ({1000 * frames * hop:.0f} ms) in `{recipe}`"
    assert said in " ".join(inspect.getdoc(type(generator)).replace("``", "`").split())
    assert said in " ".join(GUIDE.read_text("utf-8").split())
