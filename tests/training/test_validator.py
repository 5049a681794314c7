from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import torch

from styleshift.corpus import Corpus, CropSampler
from styleshift.evaluation.features import FRAME_RATE, features
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.recipes import Recipe
from styleshift.training.checkpoint import load_trained
from styleshift.training.data import Statistics
from styleshift.training.files import CheckpointFolder
from styleshift.training.model import CycleGAN
from styleshift.training.run import start_run
from styleshift.training.validator import Validator, spectrogram_features, tiled_crops
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]


def music(seconds: float) -> np.ndarray:
    time = np.arange(int(22050 * seconds)) / 22050
    notes = np.sin(2 * np.pi * 440 * time) + 0.5 * np.sin(2 * np.pi * 660 * time)
    return (0.2 * notes * np.exp(-3 * (time % 0.5))).astype(np.float32)


def test_features_are_those_of_the_waveform() -> None:
    config = SpectrogramConfig(22050, 1024, 256, 1024, compression="log1p", gain=1000.0)
    samples = music(3)
    ours = spectrogram_features(log_spectrogram(samples, config).T, config)
    theirs = features(samples)
    frames = min(len(ours.log_mel), len(theirs.log_mel))
    loud = theirs.log_mel[:frames] > theirs.log_mel.max() - 50
    assert np.abs(ours.log_mel[:frames] - theirs.log_mel[:frames])[loud].mean() < 0.5
    assert ours.chroma.shape[1] == theirs.chroma.shape[1] == 12
    assert abs(len(ours.chroma) - len(theirs.chroma)) <= 2
    assert ours.chroma.mean(axis=0).argmax() == theirs.chroma.mean(axis=0).argmax() == 9  # the note A


def test_features_at_another_rate() -> None:
    config = SpectrogramConfig(compression="log", floor=1e-6)
    found = spectrogram_features(log_spectrogram(music(2)[:41000], config).T, config)
    assert abs(len(found.log_mel) / FRAME_RATE - 2) < 0.1
    assert np.isfinite(found.log_mel).all()


def test_a_model_that_copies_is_called_one(place: Workspace, tiny_recipe: Tiny) -> None:
    recipe = tiny_recipe("data.silence_gate=false")
    x, y = (CropSampler(Corpus.open(place.spectrograms / name), 64, seed=2) for name in ("low", "high"))
    same = Statistics(torch.full((65,), 3.0), 1.0, 1.0, 8.0)
    state = x.state_dict()
    validator = Validator(x, y, recipe.spectrogram, known=12, excerpts=4)
    assert x.state_dict() == state
    result = validator.validate(CycleGAN(recipe, same, same))
    assert {part.judgement.kind for part in result.directions.values()} == {"copies"}
    assert result.score < 0.3


def test_the_best_checkpoint_is_the_one_with_the_highest_score(fresh: Workspace, tiny_recipe: Tiny) -> None:
    result = start_run(
        fresh, ("low", "high"), tiny_recipe("schedule.validation_seconds=2", "schedule.keep_every=2")
    )
    lines = [json.loads(line) for line in (result.folder / "log.jsonl").read_text().splitlines()]
    validated = [line for line in lines if line["event"] == "validated"]
    scores = {
        line["step"]: {direction: line[direction]["score"] for direction in ("x2y", "y2x")}
        for line in validated
    }
    folder = CheckpointFolder(result.folder / "checkpoints")
    assert set(scores) == {0, 2, 4, 6}
    assert folder.scores() == scores
    for direction in ("x2y", "y2x"):
        best = max(scores, key=lambda step: (scores[step][direction], -step))
        assert folder.best(direction) == folder.file(best)


def test_each_direction_is_of_its_own_best_checkpoint(fresh: Workspace, tiny_recipe: Tiny) -> None:
    recipe = tiny_recipe("schedule.validation_seconds=2", "schedule.keep_every=2")
    folder = start_run(fresh, ("low", "high"), recipe).folder
    scores = {2: {"x2y": 0.9, "y2x": 0.1}, 4: {"x2y": 0.2, "y2x": 0.8}}
    (folder / "checkpoints" / "scores.json").write_text(json.dumps(scores))
    trained = load_trained(folder)
    assert {name: part["step"] for name, part in trained.checkpoints.items()} == {"x2y": 2, "y2x": 4}
    for direction, step in (("x2y", 2), ("y2x", 4)):
        alone = load_trained(folder, step).generators[direction].state_dict()
        found = trained.generators[direction].state_dict()
        assert all(torch.equal(found[name], value) for name, value in alone.items())
    mean = load_trained(folder, "last+2+4")
    assert mean.checkpoints["x2y"]["step"] == 6
    assert mean.checkpoints["x2y"]["mean_of"] == [2, 4, 6]
    states = [load_trained(folder, step).generators["x2y"].state_dict() for step in (2, 4, 6)]
    for name, value in mean.generators["x2y"].state_dict().items():
        torch.testing.assert_close(value, sum(state[name] for state in states) / 3)


def test_crops_lie_side_by_side_and_are_spread_where_there_are_more(place: Workspace) -> None:
    sampler = CropSampler(Corpus.open(place.spectrograms / "low"), 64, seed=0)
    state = sampler.state_dict()
    every = tiled_crops(sampler, 1000)
    first = sampler.whole(0)[:64].T
    assert np.array_equal(every[0, 0], first)
    assert sum(sampler.length(index) // 64 for index in range(sampler.stretches)) == len(every)
    few = tiled_crops(sampler, 2)
    assert np.array_equal(few, every[[0, -1]])
    assert sampler.state_dict() == state
