"""What the plugin promises, and what its sounds are."""

from __future__ import annotations

import pytest
import torch
from styleshift_live import ChromaOptions, HissOptions, RoomOptions

from styleshift.frontend import SpectrogramConfig, compressed, expanded
from styleshift.recipes import load_recipe
from styleshift.testing import check_augmentation, check_loss, check_plugin

REGISTRY = check_plugin("styleshift_live")
CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=1024, hop_length=256, fft_length=1024)
CPU = torch.device("cpu")


def tone(hertz: float, frames: int = 32) -> torch.Tensor:
    power = torch.zeros(1, 1, CONFIG.bins, frames)
    for harmonic in (1, 2, 3):
        power[:, :, round(hertz * harmonic * CONFIG.fft_length / CONFIG.sample_rate)] = 1.0 / harmonic
    return compressed(power.sqrt(), CONFIG)


def test_the_loss_keeps_its_promises():
    check_loss(REGISTRY.losses.get("chroma"))


def test_the_loss_hears_pitch_classes_and_not_timbre():
    loss = REGISTRY.losses.get("chroma").build(ChromaOptions(), CONFIG, CPU)
    one = tone(440)
    assert loss(one, one) == pytest.approx(0, abs=1e-3)
    assert loss(one, 0.5 * one) < 0.1
    assert loss(one, tone(880)) < 0.3
    assert loss(one, tone(622)) > 0.7


@pytest.mark.parametrize("name", ["room", "hiss"])
def test_the_augmentations_keep_their_promises(name):
    check_augmentation(REGISTRY.augmentations.get(name))


def test_a_room_sounds_on_after_the_music_and_is_as_loud():
    augment = REGISTRY.augmentations.get("room").build(RoomOptions(seconds=0.5, wet=1.0), CONFIG, CPU)
    crops = tone(440, 64)
    crops[..., 32:] = 0
    heard = expanded(augment(crops, torch.ones_like(crops)), CONFIG).square().sum(dim=(0, 1, 2))
    assert (heard[33:40] > 0).all()
    assert (heard[33:40].diff() < 0).all()
    assert (heard[:32] <= heard[31] + 1e-4).all()
    assert heard[31] == pytest.approx(float(expanded(crops, CONFIG).square()[..., 0].sum()), rel=0.1)
    dry = torch.zeros_like(crops)
    assert torch.allclose(augment(crops, dry), crops, atol=1e-4)


def test_hiss_lies_as_far_under_the_music_as_the_options_say():
    options = HissOptions(quietest_db=-40, loudest_db=-40)
    augment = REGISTRY.augmentations.get("hiss").build(options, CONFIG, CPU)
    crops = tone(440, 256)
    random = torch.rand(crops.shape, generator=torch.Generator().manual_seed(0))
    powers = [expanded(each, CONFIG).square() for each in (augment(crops, random), crops)]
    added = (powers[0] - powers[1]).mean() / powers[1].mean()
    assert 10 * torch.log10(added) == pytest.approx(-40, abs=0.3)
    assert not augment(0 * crops, random).any()


def test_the_recipe_is_whole():
    spec = REGISTRY.recipes.get("live")
    recipe = load_recipe(spec.path)
    assert recipe.name == spec.name
    assert set(recipe.augmentations) == set(REGISTRY.augmentations.entries())
    assert set(recipe.losses) == set(REGISTRY.losses.entries())
    small = load_recipe("small")
    assert recipe.spectrogram == small.spectrogram
    assert recipe.generator == small.generator


def test_a_model_trains_with_all_of_it(tiny_corpus, tiny_recipe, use_plugin):
    from styleshift.training.run import start_run

    use_plugin("styleshift_live")
    names = ("losses.chroma.weight=0.5", "augmentations.room.wet=1", "augmentations.hiss.loudest_db=-30")
    recipe = tiny_recipe(*names, "schedule.steps=2")
    result = start_run(tiny_corpus, ("plucked", "held"), recipe, device="cpu")
    assert result.step == 2
    assert "losses.chroma_x2y" in (result.folder / "log.jsonl").read_text()
