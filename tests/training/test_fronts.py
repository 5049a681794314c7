"""Drums in front of the generators, whole: two styles, some steps, model files that say where drums go.

Of styleshift.training.fronts and styleshift.training.percussion.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from reporters import Told

from styleshift.bundle.export import export_bundle
from styleshift.bundle.load import load_bundle
from styleshift.corpus import Shard
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.frontend.percussion import PercussionDamping, PercussionSplitter
from styleshift.recipes import Recipe, load_recipe
from styleshift.testing.material import TINY
from styleshift.training.checkpoint import TrainedModel
from styleshift.training.data import Statistics
from styleshift.training.fronts import with_fronts
from styleshift.training.model import CycleGAN
from styleshift.training.percussion import PercussionFront

RATE = 8000
SETTINGS = (
    *TINY,
    "spectrogram.frame_length=512",
    "spectrogram.hop_length=128",
    "spectrogram.fft_length=512",
    "percussion.damp_db=24",
)


def recipe(*more: str) -> Recipe:
    return load_recipe("small", [*SETTINGS, *more])


class Crops:
    """The same crops each time: held notes, with drums or without."""

    def __init__(self, config: SpectrogramConfig, drums: bool) -> None:
        time = np.arange(2 * RATE) / RATE
        sound = sum(0.05 * np.sin(2 * np.pi * hertz * time) for hertz in (300, 450, 600))
        noise = np.random.default_rng(0).standard_normal(len(time))
        sound = sound + drums * 0.2 * np.exp(-100 * (time % 0.25)) * noise
        self.crop = np.ascontiguousarray(log_spectrogram(sound.astype(np.float32), config)[20:84].T)

    def batch(self, count: int, shard: Shard = Shard()) -> np.ndarray:
        return np.repeat(self.crop[None, None], count, axis=0)

    def state_dict(self) -> dict[str, int]:
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        pass


def found(settings: Recipe, first: bool = True, second: bool = False) -> tuple[Statistics, Statistics, str]:
    crops = Crops(settings.spectrogram, first), Crops(settings.spectrogram, second)
    blank = Statistics(torch.zeros(settings.spectrogram.bins), 1.0, 1.0, 1.0)
    heard = Told()
    x, y = with_fronts((blank, blank), crops, settings, ("country", "classical"), heard, count=8)
    return x, y, " ".join(heard.infos)


def test_drums_are_damped_on_the_way_to_the_style_without() -> None:
    x, y, said = found(recipe())
    assert (x.damp_db, y.damp_db) == (24, 0)
    assert said.endswith("damped on the way to classical")
    assert x.moved is not None
    assert y.moved is not None
    drums, notes = (
        torch.from_numpy(Crops(recipe().spectrogram, with_drums).crop) for with_drums in (True, False)
    )
    assert torch.allclose(y.moved, notes.mean(dim=1))  # nothing is done there
    assert (x.moved - notes.mean(dim=1)).mean() < 0.8 * (drums - notes).mean()


@pytest.mark.parametrize(("margin", "expected"), [(3, (0, 0)), (0, (24, 24))])
def test_styles_that_are_alike_keep_their_drums_unless_the_recipe_says_both(
    margin: int, expected: tuple[int, int]
) -> None:
    x, y, _ = found(recipe(f"percussion.margin_db={margin}"), True, True)
    assert (x.damp_db, y.damp_db) == expected


def test_the_front_is_that_of_conversion_and_gradients_pass() -> None:
    config = recipe().spectrogram
    crop = torch.from_numpy(Crops(config, True).batch(2)).requires_grad_()
    front = PercussionFront(PercussionSplitter(config), 24.0)
    damped = front(crop)
    expected = PercussionSplitter(config).damp(crop[0, 0].detach().numpy().T, 24.0)
    assert np.abs(damped[1, 0].detach().numpy().T - expected).max() < 1e-5
    damped.sum().backward()
    assert crop.grad is not None
    assert crop.grad.abs().sum() > 0


def test_a_model_file_says_how_much_is_damped_and_holds_the_generator_alone(tmp_path: Path) -> None:
    settings = recipe()
    x, y, _ = found(settings)
    model = CycleGAN(settings, x, y).eval()
    whole = model.translator("x2y")
    assert whole.drums is not None
    assert model.translator("y2x").drums is not None
    assert model.translator("y2x").drums.target() is None
    trained = TrainedModel(
        recipe=settings,
        domains=("country", "classical"),
        translators={name: model.translator(name) for name in ("x2y", "y2x")},
        checkpoints={name: {"step": 1, "seconds": 1.0} for name in ("x2y", "y2x")},
        time_multiple=16,
        provenance={},
        requires=[],
    )
    exported = export_bundle(trained, "x2y", tmp_path / "m.onnx")
    assert load_bundle(exported.path).metadata.percussion == PercussionDamping(24.0)
    assert load_bundle(export_bundle(trained, "y2x", tmp_path / "n.onnx").path).metadata.percussion is None
    crops = torch.from_numpy(Crops(settings.spectrogram, True).batch(2))
    with torch.no_grad():
        assert torch.allclose(trained.generators["x2y"](whole.drums(crops)), whole(crops), atol=1e-4)
