from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial import cKDTree

from styleshift.corpus import Corpus, CropSampler
from styleshift.frontend import SpectrogramConfig
from styleshift.networks.layers import Bands
from styleshift.progress import Reporter
from styleshift.recipes import Recipe, WarmStartConfig
from styleshift.training.data import Batch, measure
from styleshift.training.distributed import ProcessGroup
from styleshift.training.matching import MatchedCrops, average_nearest, comparable, earlier, speaking_delay
from styleshift.training.model import CycleGAN
from styleshift.training.run import resume_run, start_run
from styleshift.training.sources import make_loader, make_samplers, make_source
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
WARM = ("warm_start.share=0.5", "warm_start.weight=2", "warm_start.crops=6", "warm_start.bands=16")


def test_average_of_the_nearest_is_scipys() -> None:
    random = np.random.default_rng(0)
    queries, keys, values = (
        random.normal(size=(20, 5)),
        random.normal(size=(50, 5)),
        random.normal(size=(50, 3)),
    )
    nearest = cKDTree(keys).query(queries, k=4)[1]
    found = average_nearest(*(torch.tensor(part) for part in (queries, keys, values)), 4)
    assert np.allclose(found.numpy(), values[nearest].mean(axis=1))


def test_attacks_are_compared_with_attacks() -> None:
    """Two frames alike in every band differ in what they are compared by where one follows silence."""
    bands = torch.zeros(1, 4, 12)
    bands[:, :, 6:] = 2.0
    seen = comparable(bands, WarmStartConfig(level=1.0, rise=3.0))
    assert seen.shape == (12, 5)
    assert seen[:, :4].abs().max() == 0
    assert seen[:, 4].tolist() == [0.0] * 6 + [6.0] * 4 + [0.0] * 2


def test_a_note_that_speaks_late_is_measured() -> None:
    """Notes on two bins in turn: struck ones are loudest at once, bowed ones come up three frames later."""
    config = SpectrogramConfig(8000, 128, 64, 128, compression="log1p", gain=1000.0)

    def notes(delay: int) -> torch.Tensor:
        magnitude = torch.full((4, 1, 65, 128), 1e-3)
        for number, start in enumerate(range(0, 128, 32)):
            magnitude[:, :, 8 + 20 * (number % 2), start : start + 32 + delay] = 1.0
            magnitude[:, :, 8 + 20 * (number % 2), start : start + delay] = 0.05
        return torch.log1p(1000 * magnitude)

    bands = Bands(config, 16)
    struck, bowed = (speaking_delay(notes(delay), bands, config) for delay in (0, 3))
    assert abs(struck) < 0.5
    assert 2.0 < bowed - struck < 4.0


def test_moving_in_time() -> None:
    values = torch.arange(5.0)
    assert earlier(values, 2).tolist() == [2, 3, 4, 4, 4]
    assert earlier(values, -2).tolist() == [0, 0, 0, 1, 2]
    assert earlier(values, 0).tolist() == values.tolist()


def make(place: Workspace, recipe: Recipe) -> tuple[TrainingState, MatchedCrops]:
    samplers = [
        CropSampler(Corpus.open(place.spectrograms / domain), 64, seed=1) for domain in ("low", "high")
    ]
    torch.manual_seed(0)
    model = CycleGAN(recipe, *(measure(sampler, 16) for sampler in samplers))
    state = TrainingState(recipe, model, 0)
    return state, MatchedCrops(samplers[0], samplers[1], recipe, model, Reporter())


def test_ranks_share_one_sequence_of_matched_crops(place: Workspace, tiny_recipe: Tiny) -> None:
    def batches(group: ProcessGroup, count: int) -> list[Batch]:
        recipe = tiny_recipe(*WARM, f"schedule.batch={count}")
        corpora = Corpus.open(place.spectrograms / "low"), Corpus.open(place.spectrograms / "high")
        samplers = make_samplers(corpora, recipe, 1)
        torch.manual_seed(0)
        model = CycleGAN(recipe, *(measure(sampler, 16) for sampler in samplers))
        state = TrainingState(recipe, model, 5, group)
        loader = make_loader(corpora, samplers, state, 5, Reporter(), False)
        found = [next(loader) for _ in range(3)]
        loader.close()
        return found

    whole = batches(ProcessGroup(), 4)
    ranks = [batches(ProcessGroup(rank, 2), 2) for rank in (0, 1)]
    for one, *parts in zip(whole, *ranks, strict=True):
        assert torch.equal(one.x, torch.cat([part.x for part in parts]))
        assert torch.equal(one.y, torch.cat([part.y for part in parts]))
        for direction, matched in one.matched_bands.items():
            assert torch.equal(matched, torch.cat([part.matched_bands[direction] for part in parts]))
    assert not torch.equal(ranks[0][0].x, ranks[1][0].x)


def test_a_pool_cut_on_the_device_is_the_one_cut_from_the_files(place: Workspace, tiny_recipe: Tiny) -> None:
    """The second one too, which is drawn after ``refresh`` batches."""
    recipe = tiny_recipe(*WARM, "warm_start.refresh=2", "data.mix=0.5")
    corpora = Corpus.open(place.spectrograms / "low"), Corpus.open(place.spectrograms / "high")
    found = []
    for on_device in (False, True):
        samplers = make_samplers(corpora, recipe, 1)
        torch.manual_seed(0)
        model = CycleGAN(recipe, *(measure(sampler, 16) for sampler in samplers))
        source = make_source(corpora, samplers, TrainingState(recipe, model, 0), 0, Reporter(), on_device)
        random = torch.Generator().manual_seed(0)
        found.append([source.batch(2, random) for _ in range(4)])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.matched_bands["y2x"], other.matched_bands["y2x"])


def test_warming_moves_the_generators_alone_and_towards_the_matches(
    place: Workspace, tiny_recipe: Tiny
) -> None:
    state, source = make(place, tiny_recipe(*WARM, "schedule.steps=400", "warm_start.lr=0.01"))
    before = [value.clone() for value in state.model.discriminators.parameters()]
    found = [train_step(state, source.batch(2, state.random)) for _ in range(60)]
    assert set(found[0]) == {"match_x2y", "match_y2x"}
    for name in found[0]:
        first, last = (np.mean([float(row[name]) for row in rows]) for rows in (found[:10], found[-10:]))
        assert last < 0.8 * first
    assert all(
        torch.equal(one, other)
        for one, other in zip(before, state.model.discriminators.parameters(), strict=True)
    )


def test_the_match_stays_a_loss_after_warming(place: Workspace, tiny_recipe: Tiny) -> None:
    state, source = make(place, tiny_recipe(*WARM, "schedule.steps=4"))
    kinds = [set(train_step(state, source.batch(2, state.random))) for _ in range(4)]
    assert kinds[0] == kinds[1] == {"match_x2y", "match_y2x"}
    assert kinds[2] == kinds[3] >= {"match_x2y", "match_y2x", "g_loss_x2y", "cycle_x", "d_loss_y"}


def test_a_longer_run_does_not_begin_its_warm_start_again(fresh: Workspace, tiny_recipe: Tiny) -> None:
    run = start_run(fresh, ("low", "high"), tiny_recipe(*WARM, "schedule.steps=4"))
    resume_run(fresh, steps=10)  # of ten, four are less than the half that the warm start takes
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    kinds = {line["step"]: set(line["losses"]) for line in lines if line["event"] == "step"}
    assert kinds[2] == {"match_x2y", "match_y2x"}
    assert all("g_loss_x2y" in kinds[step] for step in (3, 4, 5, 6))


def test_a_run_with_a_warm_start_goes_on_bit_for_bit(fresh: Workspace, tiny_recipe: Tiny) -> None:
    from styleshift.training.files import CheckpointFolder, read

    recipe = tiny_recipe(*WARM, "warm_start.refresh=2")
    whole = start_run(fresh, ("low", "high"), recipe, name="whole")
    start = tiny_recipe(*WARM, "warm_start.refresh=2", "schedule.keep_every=2")
    start_run(fresh, ("low", "high"), start, name="kept")
    kept = CheckpointFolder(fresh.runs / "kept" / "checkpoints")
    assert kept.steps() == [0, 2, 4, 6]
    kept.file(6).unlink()
    kept.file(4).unlink()  # step 2 is in the warm start, step 3 the end of it
    resume_run(fresh, "kept")
    a, b = (
        read(CheckpointFolder(run / "checkpoints").last())[0] for run in (whole.folder, fresh.runs / "kept")
    )
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def test_the_pool_is_drawn_anew(place: Workspace, tiny_recipe: Tiny) -> None:
    """After so many batches other crops come; from a state of then the same ones come again."""
    _, source = make(place, tiny_recipe(*WARM, "warm_start.refresh=3"))
    random = torch.Generator().manual_seed(0)

    def crops(count: int) -> set[bytes]:
        batches = [source.batch(4, random) for _ in range(count)]
        return {crop.numpy().tobytes() for batch in batches for crop in batch.x}

    first = crops(3)
    second = crops(2)
    assert not first & second
    state = json.loads(json.dumps(source.state_dict()))
    batch = source.batch(4, torch.Generator().manual_seed(1))
    _, other = make(place, tiny_recipe(*WARM, "warm_start.refresh=3"))
    other.load_state_dict(state)
    again = other.batch(4, torch.Generator().manual_seed(1))
    assert torch.equal(again.x, batch.x)
    assert torch.equal(again.matched_bands["y2x"], batch.matched_bands["y2x"])


def test_crops_are_coloured_and_what_they_should_become_is_not(place: Workspace, tiny_recipe: Tiny) -> None:
    plain, varied = (
        make(place, tiny_recipe(*WARM, setting))[1].batch(4, torch.Generator().manual_seed(0))
        for setting in ("data.tilt_db=0", "data.tilt_db=12")
    )
    assert torch.equal(plain.matched_bands["x2y"], varied.matched_bands["x2y"])
    assert not torch.allclose(plain.x, varied.x, atol=0.1)
