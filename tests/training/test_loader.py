"""Batches drawn ahead of time, or cut on the device, are those that would have been drawn one by one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch

from styleshift.corpus import Corpus, CropSampler, Shard
from styleshift.errors import CorpusError
from styleshift.recipes import Recipe
from styleshift.training import sources as sources_module
from styleshift.training.data import Batch, RandomCrops, ResidentCrops, fits, resident_bytes
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.loader import PREFETCH, BatchLoader
from styleshift.training.run import resume_run, start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
CPU = torch.device("cpu")


def samplers(place: Workspace) -> list[CropSampler]:
    domains = ("low", "high")
    return [CropSampler(Corpus.open(place.spectrograms / name), 64, seed=n) for n, name in enumerate(domains)]


def make(place: Workspace, recipe: Recipe, *, ahead: bool = True, seed: int = 0) -> BatchLoader:
    x, y = samplers(place)
    return BatchLoader(RandomCrops(x, y, recipe), 2, (seed,), CPU, ahead=ahead)


def take(source: BatchLoader, count: int) -> list[Batch]:
    return [next(source) for _ in range(count)]


def same(one: list[Batch], other: list[Batch]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a.x, b.x) and torch.equal(a.y, b.y) for a, b in pairs)


def test_drawing_ahead_changes_nothing(place: Workspace, tiny_recipe: Tiny) -> None:
    recipe = tiny_recipe("data.gain_db=6", "data.mute=0.5")
    one, other = make(place, recipe), make(place, recipe, ahead=False)
    assert same(take(one, 6), take(other, 6))
    one.close()
    assert not same(take(other, 2), take(make(place, recipe, ahead=False, seed=1), 2))


def test_the_state_is_that_of_what_was_used(place: Workspace, tiny_recipe: Tiny) -> None:
    recipe = tiny_recipe("data.gain_db=6")
    first = make(place, recipe)
    take(first, 3)
    while first._source.state_dict() == first.state_dict()["source"]:  # until more is drawn than was used
        time.sleep(0.001)
    state = json.loads(json.dumps(first.state_dict()))
    assert state["drawn"] == 3
    second = make(place, recipe)
    second.load_state_dict(state)
    assert same(take(first, 4), take(second, 4))
    first.close()
    second.close()


def test_closing_ends_the_thread(place: Workspace, tiny_recipe: Tiny) -> None:
    before = set(threading.enumerate())
    source = make(place, tiny_recipe())
    next(source)
    assert len(set(threading.enumerate()) - before) == 1
    source.close()
    assert not set(threading.enumerate()) - before


class Stateless:
    def state_dict(self) -> Any:
        return None

    def load_state_dict(self, state: Any) -> None:
        pass


def test_an_error_of_the_source_reaches_the_loop_after_what_came_before_it() -> None:
    class Breaks(Stateless):
        def __init__(self) -> None:
            self.left = PREFETCH + 1

        def batch(self, count: int, random: torch.Generator) -> Batch:
            if not self.left:
                raise CorpusError("a file has gone")
            self.left -= 1
            return Batch(torch.zeros(count), torch.zeros(count))

    source = BatchLoader(Breaks(), 1, (0,), CPU)
    take(source, PREFETCH + 1)
    with pytest.raises(CorpusError, match="has gone"):
        next(source)


def test_waiting_is_measured(place: Workspace, tiny_recipe: Tiny) -> None:
    class Slow(Stateless):
        def batch(self, count: int, random: torch.Generator) -> Batch:
            time.sleep(0.02)
            return Batch(torch.zeros(count), torch.zeros(count))

    source = BatchLoader(Slow(), 1, (0,), CPU, ahead=False)
    take(source, 3)
    assert source.waited >= 0.06


def test_crops_cut_on_the_device_are_the_samplers(place: Workspace) -> None:
    sampler, twin = samplers(place)[0], samplers(place)[0]
    resident = ResidentCrops(twin, CPU)
    for count in (1, 3, 8):
        cut = resident.batch(count)
        assert torch.equal(cut, torch.from_numpy(sampler.batch(count)))
        assert cut.is_contiguous()
    assert resident.state_dict() == sampler.state_dict()
    assert resident_bytes(sampler) == 4 * resident._frames.numel()
    assert not fits([sampler], CPU)


def test_parts_of_a_draw_are_the_draw(place: Workspace) -> None:
    whole = samplers(place)[0].batch(6)
    halves = [samplers(place)[0].batch(3, Shard(rank, 2)) for rank in (0, 1)]
    assert torch.equal(torch.cat([torch.from_numpy(half) for half in halves]), torch.from_numpy(whole))


def test_a_resident_corpus_trains_to_the_same_bits(fresh: Workspace, tiny_recipe: Tiny) -> None:
    folders = []
    for choice in ("yes", "no"):
        recipe = tiny_recipe(f"data.resident={choice}", "data.gain_db=3", "data.pitch_bins=0.02")
        folders.append(start_run(fresh, ("low", "high"), recipe, name=choice).folder)
    one, other = (read(CheckpointFolder(folder / "checkpoints").last())[0] for folder in folders)
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.parametrize("first", [True, False])
def test_a_run_that_goes_on_takes_its_crops_from_where_it_did(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    made: list[bool] = []
    real = sources_module.make_source

    def make_source(*given: Any) -> Any:
        made.append(given[-1])
        return real(*given)

    monkeypatch.setattr(sources_module, "make_source", make_source)
    monkeypatch.setattr(sources_module, "fits", lambda *_: first)
    folder = start_run(fresh, ("low", "high"), tiny_recipe("schedule.steps=1")).folder
    monkeypatch.setattr(sources_module, "fits", lambda *_: not first)  # another process took or gave memory
    resume_run(fresh, steps=2)
    assert made == [first, first]
    run = json.loads((folder / "run.json").read_text())
    assert run["resident"] == {"device": "cpu", "used": first}
    run["resident"] = {"device": "cuda", "used": first}  # on another kind of device it is chosen anew
    (folder / "run.json").write_text(json.dumps(run))
    resume_run(fresh, steps=3)
    assert made[2] is not first


def test_the_log_says_how_long_data_was_waited_for(fresh: Workspace, tiny_recipe: Tiny) -> None:
    folder = start_run(fresh, ("low", "high"), tiny_recipe()).folder
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    shares = [line["data_wait"] for line in lines if line["event"] in ("step", "end")]
    assert len(shares) == 7
    assert all(0 <= share < 1 for share in shares)
