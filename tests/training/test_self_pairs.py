"""Self-pairs: what is asked for is the crop, what is given keeps its pitch and nothing else for sure."""

from __future__ import annotations

import json

import pytest
import torch

from styleshift.errors import ConfigError
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.model import CycleGAN
from styleshift.training.run import resume_run, start_run
from styleshift.training.self_pairs import SelfPairs, perturbed
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step
from styleshift.workspace import Workspace
from tests.helpers.voices import SETTINGS, precomputed, untrained

DOMAINS = ("man", "woman")


def recipe(*overrides: str) -> Recipe:
    return load_recipe("voice", [*SETTINGS, "warm_start.self_pairs=true", *overrides])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return precomputed(tmp_path_factory.mktemp("voices"), recipe())


def make(place: Workspace, settings: Recipe) -> tuple[CycleGAN, SelfPairs]:
    model, (x, y) = untrained(place, settings)
    return model, SelfPairs(x, y, settings, model)


def test_what_is_asked_for_is_the_crop_of_the_target(place: Workspace) -> None:
    model, pairs = make(place, recipe())
    batch = pairs.batch(4, torch.Generator().manual_seed(0))
    for direction, crop in (("x2y", batch.y), ("y2x", batch.x)):
        target = model.translator(direction).target
        torch.testing.assert_close(target.plain(batch.matched_bins[direction]), crop, atol=1e-4, rtol=0)


def test_the_pitch_stays_and_the_spectrum_does_not(place: Workspace) -> None:
    model, pairs = make(place, recipe())
    batch, front = pairs.batch(8, torch.Generator().manual_seed(0)), model.translator("x2y").front
    assert front is not None
    octave = torch.tensor(2.0).log()
    made = perturbed(front, batch.y, octave, torch.Generator().manual_seed(0))
    semitones = 12 * torch.log2(front.ratio(made) / front.ratio(batch.y))
    assert semitones.abs().median() < 0.3
    # Crops of one voice, each coloured in another way, around the mean that the generator expects.
    mean = batch.given["x2y"].mean(dim=(1, 3))
    assert mean.std(dim=0).mean() > 1.5 * batch.matched_bins["x2y"].mean(dim=(1, 3)).std(dim=0).mean()
    assert mean.mean().abs() < 0.3


def test_on_a_shared_scale_the_spectrum_stays_in_what_is_given_as_in_conversion(place: Workspace) -> None:
    model, pairs = make(place, recipe("data.normalisation=shared"))
    batch, moved = pairs.batch(8, torch.Generator().manual_seed(0)), model.translator("x2y").moved
    assert moved is not None
    spectra = [crops.mean(dim=(0, 1, 3)) for crops in (moved.plain(batch.given["x2y"]), batch.y)]
    assert torch.corrcoef(torch.stack(spectra))[0, 1] > 0.7


def test_the_same_numbers_give_the_same_pairs_again(place: Workspace) -> None:
    (_, first), (_, second) = make(place, recipe()), make(place, recipe())
    first.batch(3, torch.Generator().manual_seed(5))
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    one, other = (pairs.batch(3, torch.Generator().manual_seed(6)) for pairs in (first, second))
    for direction in ("x2y", "y2x"):
        assert torch.equal(one.given[direction], other.given[direction])
        assert torch.equal(one.matched_bins[direction], other.matched_bins[direction])


def test_a_generator_learns_to_give_the_voice_back(place: Workspace) -> None:
    settings = recipe("warm_start.share=1", "warm_start.lr=0.01", "schedule.steps=60")
    model, pairs = make(place, settings)
    state, random = TrainingState(settings, model, 0), torch.Generator().manual_seed(0)
    heard = [float(train_step(state, pairs.batch(2, random))["match_x2y"]) for _ in range(60)]
    assert sum(heard[-15:]) < 0.8 * sum(heard[:15])


def test_a_run_goes_on_bit_for_bit(place: Workspace) -> None:
    settings = recipe("schedule.keep_every=2", "warm_start.share=0.25")
    whole = start_run(place, DOMAINS, settings, name="whole")
    start_run(place, DOMAINS, settings, name="kept")
    kept = CheckpointFolder(place.runs / "kept" / "checkpoints")
    kept.file(4).unlink()
    resume_run(place, "kept")
    a, b = (read(CheckpointFolder(whole.folder / "checkpoints").last())[0], read(kept.last())[0])
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def test_it_is_for_voices_and_one_kind_of_pairs() -> None:
    with pytest.raises(ConfigError, match="self_pairs is made for voices"):
        recipe("pitch.shift=false")  # before anything is prepared
    recipe("pitch.shift=false", "warm_start.share=0", "warm_start.weight=0")
    with pytest.raises(ConfigError, match="both on"):
        recipe("warm_start.pairs=true")
