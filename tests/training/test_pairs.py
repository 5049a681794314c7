from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from reporters import Told

from styleshift.corpus import Corpus, precompute
from styleshift.errors import CorpusError
from styleshift.networks.layers import Bands
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.augment import stretched
from styleshift.training.data import Statistics
from styleshift.training.losses import log_spectral_distance
from styleshift.training.model import CycleGAN
from styleshift.training.pairs import PairedCrops, find_pairs
from styleshift.training.run import start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIRED = ("warm_start.pairs=true", "warm_start.share=0.5", "warm_start.weight=2", "warm_start.bands=16")


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory, tiny_recipe: Tiny) -> Workspace:
    """Domain ``rich`` is ``plain`` with a partial more, moment by moment; one recording is alone."""
    root = tmp_path_factory.mktemp("paired")
    random = np.random.default_rng(3)
    time = np.arange(16000) / 8000
    for domain, partials in (("plain", 1), ("rich", 2)):
        (root / "audio" / domain).mkdir(parents=True)
        for number in range(4):
            pitch = 300 * (1 + 0.2 * number) * (1 + 0.3 * (time > 1))
            phase = 2 * np.pi * np.cumsum(pitch) / 8000
            tone = sum(np.sin(k * phase) for k in range(1, partials + 1)) * np.exp(-2 * (time % 0.5))
            samples = 0.2 * tone + 0.001 * random.standard_normal(len(time))
            name = f"{number}.wav" if number or domain == "plain" else "alone.wav"
            soundfile.write(root / "audio" / domain / name, samples, 8000)
    workspace = Workspace(root / "workspace")
    precompute(root / "audio", workspace, tiny_recipe().spectrogram, jobs=1)
    return workspace


def corpora(place: Workspace) -> tuple[Corpus, Corpus]:
    return Corpus.open(place.spectrograms / "plain"), Corpus.open(place.spectrograms / "rich")


def make(place: Workspace, recipe: Recipe, reporter: Reporter | None = None) -> tuple[CycleGAN, PairedCrops]:
    bins = recipe.spectrogram.bins
    scales = [Statistics(torch.full((bins,), mean), 2.0, 2.0, 5.0) for mean in (1.0, 3.0)]
    model = CycleGAN(recipe, *scales)
    return model, PairedCrops(*corpora(place), recipe, model, 0, reporter or Reporter())


def test_the_same_name_and_length_is_a_pair(paired: Workspace) -> None:
    x, y = corpora(paired)
    assert [(one.name, other.name) for one, other in find_pairs(x, y)] == [
        (f"{number}.wav", f"{number}.wav") for number in (1, 2, 3)
    ]
    longer = replace(y.tracks[0], name="1.flac", frames=y.tracks[0].frames + 400)
    assert find_pairs(x, replace(y, tracks=(longer,))) == []


def test_each_crop_comes_with_the_same_moment(paired: Workspace, tiny_recipe: Tiny) -> None:
    """Found again in the recordings themselves: the crop at some frame of X, its counterpart at that of Y."""
    model, crops = make(paired, tiny_recipe(*PAIRED))
    batch = crops.batch(6, torch.Generator().manual_seed(1))
    sides = [{track.name: whole(track) for track in corpus.tracks} for corpus in corpora(paired)]
    for given, direction, here, there in ((batch.x, "x2y", *sides), (batch.y, "y2x", *sides[::-1])):
        target = model.translator(direction).target
        wanted = target.plain(batch.matched_bins[direction])
        for crop, counterpart in zip(given[:, 0].numpy(), wanted[:, 0].numpy(), strict=True):
            name, frame = place_of(crop, here)
            assert place_of(counterpart, there) == (name, frame)


def whole(track: object) -> np.ndarray:
    array = track.array()[0].astype(np.float32).T  # type: ignore[attr-defined]
    return array / np.linalg.norm(array, axis=0).max()


def place_of(crop: np.ndarray, recordings: dict[str, np.ndarray]) -> tuple[str, int]:
    """Where a crop is most alike, whatever its level."""
    best = (-1.0, "", 0)
    for name, recording in recordings.items():
        for frame in range(recording.shape[1] - crop.shape[1] + 1):
            part = recording[:, frame : frame + crop.shape[1]]
            likeness = float((part * crop).sum() / np.linalg.norm(part) / np.linalg.norm(crop))
            best = max(best, (likeness, name, frame))
    return best[1], best[2]


def test_what_shifts_pitch_is_done_to_both_and_what_colours_to_one(
    paired: Workspace, tiny_recipe: Tiny
) -> None:
    plain = make(paired, tiny_recipe(*PAIRED))[1].batch(4, torch.Generator().manual_seed(1))
    varied = make(paired, tiny_recipe(*PAIRED, "data.tilt_db=12"))[1].batch(
        4, torch.Generator().manual_seed(1)
    )
    assert torch.equal(plain.matched_bins["x2y"], varied.matched_bins["x2y"])
    assert not torch.allclose(plain.x, varied.x, atol=0.1)
    moved = make(paired, tiny_recipe(*PAIRED, "data.pitch_bins=0.2"))[1].batch(
        4, torch.Generator().manual_seed(1)
    )
    drawn = torch.rand(4, 1, 1, 1, generator=torch.Generator().manual_seed(1)) * 0.4 - 0.2
    assert torch.allclose(moved.x, stretched(plain.x, 1 + drawn, None), atol=1e-4)
    assert torch.allclose(
        moved.matched_bins["x2y"], stretched(plain.matched_bins["x2y"], 1 + drawn, None), atol=1e-3
    )


def test_the_draws_go_on_where_they_were(paired: Workspace, tiny_recipe: Tiny) -> None:
    first, second = (make(paired, tiny_recipe(*PAIRED))[1] for _ in range(2))
    first.batch(3, torch.Generator())
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for _ in range(2):
        one, other = (crops.batch(2, torch.Generator()) for crops in (first, second))
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.matched_bins["y2x"], other.matched_bins["y2x"])


def test_recordings_alone_are_told_and_none_is_an_error(paired: Workspace, tiny_recipe: Tiny) -> None:
    told = Told()
    make(paired, tiny_recipe(*PAIRED), told)
    assert "2 recordings have no counterpart" in told.warnings[0]
    x, y = corpora(paired)
    renamed = replace(y, tracks=tuple(replace(track, name="x" + track.name) for track in y.tracks))
    model = make(paired, tiny_recipe(*PAIRED))[0]
    with pytest.raises(CorpusError, match="no recording of plain has a counterpart in rich"):
        PairedCrops(x, renamed, tiny_recipe(*PAIRED), model, 0, Reporter())


def test_a_run_learns_from_pairs(paired: Workspace, tmp_path: Path, tiny_recipe: Tiny) -> None:
    (tmp_path / "spectrograms").symlink_to(paired.spectrograms)
    recipe = tiny_recipe(*PAIRED, "warm_start.share=0.9", "schedule.steps=60", "warm_start.lr=0.01")
    found = start_run(Workspace(tmp_path), ("plain", "rich"), recipe)
    losses = [
        json.loads(line)["losses"]["match_x2y"]
        for line in (found.folder / "log.jsonl").read_text().splitlines()
        if '"match_x2y"' in line
    ]
    assert np.mean(losses[40:50]) < 0.8 * np.mean(losses[:5])


def test_log_spectral_distance_sees_grains_and_levels(tiny_recipe: Tiny) -> None:
    """The same everywhere counts at all three resolutions; what averages out over time at two of them."""
    bands = Bands(tiny_recipe().spectrogram, 16)
    wanted = torch.randn(1, 1, 65, 64)
    none = torch.tensor(-100.0)
    assert float(log_spectral_distance(wanted + 0.5, wanted, bands, none)) == pytest.approx(0.5, rel=1e-4)
    flicker = 0.5 * torch.tensor([1.0, -1.0]).repeat(32)
    grainy = log_spectral_distance(wanted + flicker, wanted, bands, none)
    assert float(grainy) == pytest.approx(0.5 * 2 / 3, rel=1e-4)


def test_below_the_floor_nothing_counts_and_what_rises_above_it_does(tiny_recipe: Tiny) -> None:
    bands = Bands(tiny_recipe().spectrogram, 16)
    wanted = torch.full((1, 1, 65, 64), -5.0)
    assert float(log_spectral_distance(wanted + 2, wanted, bands, torch.tensor(-3.0))) == 0
    assert float(log_spectral_distance(wanted + 3, wanted, bands, torch.tensor(-3.0))) == pytest.approx(1.0)
