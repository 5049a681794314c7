"""Retrieval: the nearest frames of the target, without a crop's own, at the source's level and pitch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from styleshift.bundle.export import export_bundle
from styleshift.corpus import Corpus, CropSampler
from styleshift.errors import ConfigError
from styleshift.recipes import Recipe, load_recipe
from styleshift.training import fronts
from styleshift.training.checkpoint import load_trained
from styleshift.training.model import CycleGAN
from styleshift.training.retrieval import Retrieval, _stretched
from styleshift.training.run import start_run
from styleshift.training.self_pairs import SelfPairs
from styleshift.workspace import Workspace
from tests.helpers.plain_operators import LOOKING_UP, others
from tests.helpers.voices import SETTINGS, precomputed, untrained

DOMAINS = ("man", "woman")
FRAMES = 300


def recipe(*overrides: str) -> Recipe:
    return load_recipe("voice", [*SETTINGS, f"retrieval.frames={FRAMES}", "retrieval.share=1", *overrides])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return precomputed(tmp_path_factory.mktemp("voices"), recipe())


def retrieval_of(model: CycleGAN) -> Retrieval:
    found = model.translator("x2y").retrieval
    assert found is not None
    return found


def crops(sampler: CropSampler, count: int = 2) -> torch.Tensor:
    return torch.as_tensor(sampler.batch(count))


def nearest(retrieval: Retrieval, plain: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
    return retrieval.find(plain, retrieval.table.own_mean, hidden)[:, :, 0]


def test_a_frame_that_is_kept_is_its_own_nearest_and_where_it_is_hidden_none_around_it_is(
    place: Workspace,
) -> None:
    retrieval = retrieval_of(untrained(place, recipe())[0])
    start, plain = 100, retrieval.excerpt(64, 100)[None, None]
    own = torch.arange(start, start + 64)
    inner = slice(8, -8)  # at the ends the neighbours are others
    assert (nearest(retrieval, plain)[0] == own)[inner].float().mean() > 0.9
    hidden = nearest(retrieval, plain, plain)[0]
    assert ((hidden < start + 8 - 64) | (hidden >= start + 56 + 64))[inner].all()


def test_the_level_and_the_pitch_stay_the_sources(place: Workspace) -> None:
    model, (x, _) = untrained(place, recipe())
    retrieval, front = retrieval_of(model), model.translator("x2y").front
    assert front is not None
    plain = crops(x)
    moved = front(plain, front.ratio(plain))
    found = retrieval(moved)
    level = [front.log(one)[:, 0].mul(2).exp().mean(dim=1).log() for one in (moved, found)]
    assert (level[0] - level[1]).abs().max() < 0.02
    semitones = 12 * torch.log2(front.ratio(found) / front.ratio(moved))
    assert semitones.abs().max() < 0.5
    assert (found - moved).abs().mean() > 0.1


def test_a_share_of_nothing_is_the_source_with_the_colour_of_the_target(place: Workspace) -> None:
    model, (x, _) = untrained(place, recipe("retrieval.share=0"))
    retrieval, plain = retrieval_of(model), crops(x)
    retrieval.table.colour.zero_()
    # A tenth of the softest magnitude that counts is where its log ends.
    torch.testing.assert_close(retrieval(plain), plain, atol=0.1, rtol=0)
    assert (retrieval(plain) - plain).abs().mean() < 1e-3


def test_places_without_a_frame_are_never_found(place: Workspace) -> None:
    model, (x, _) = untrained(place, recipe("retrieval.frames=5000"))
    retrieval = retrieval_of(model)
    there = int((retrieval.table.offsets < 1e8).sum())
    assert 300 < there < 600
    assert nearest(retrieval, crops(x)).max() < there
    excerpt = retrieval.excerpt(64, 4000)
    assert excerpt.std() > 0.1, "an export would be compared on silence"


def test_it_stretches_as_interpolation_does() -> None:
    random = np.random.default_rng(0)
    fine, ratio = random.normal(size=(2, 1, 65, 3)), np.array([[1.0, 1.2, 0.8], [0.9, 1.1, 2.0]])
    found = _stretched(torch.from_numpy(fine), torch.from_numpy(ratio)).numpy()
    bins = np.arange(65.0)
    for crop in range(2):
        for frame in range(3):
            wanted = np.interp(bins / ratio[crop, frame], bins, fine[crop, 0, :, frame])
            np.testing.assert_allclose(found[crop, 0, :, frame], wanted, atol=1e-12)


def test_a_voice_that_learns_from_itself_is_hidden_from_itself(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, forward = list[torch.Tensor | None](), Retrieval.forward

    def spy(self: Retrieval, plain: torch.Tensor, own: torch.Tensor | None = None) -> torch.Tensor:
        hidden.append(own)
        return forward(self, plain, own)

    model, (x, y) = untrained(place, recipe())
    pairs = SelfPairs(x, y, recipe(), model)
    monkeypatch.setattr(Retrieval, "forward", spy)
    batch = pairs.batch(2, torch.Generator().manual_seed(0))
    for own, crops_of_target in zip(hidden, (batch.y, batch.x), strict=True):
        assert own is not None
        assert torch.equal(own, crops_of_target)


def test_a_run_makes_a_model_of_plain_operators_that_agrees(place: Workspace, tmp_path: Path) -> None:
    start_run(place, DOMAINS, recipe(), name="found")
    trained = load_trained(place.runs / "found", "last")
    made = export_bundle(trained, "x2y", tmp_path / "man-to-woman.onnx")
    assert made.parity < 1e-3
    assert others(made.path, LOOKING_UP) == set()


def test_what_does_not_go_together_is_said() -> None:
    with pytest.raises(ConfigError, match=r"retrieval.frames finds frames of voices"):
        load_recipe("small", ["retrieval.frames=100", "loss.cycle=0"])
    for loss in ("cycle", "second_adversarial"):
        with pytest.raises(ConfigError, match="no gradient"):
            recipe(f"loss.{loss}=1")


@pytest.mark.parametrize("frames", [2, 195])
def test_frames_that_a_crop_would_hide_are_too_few(place: Workspace, frames: int) -> None:
    with pytest.raises(ConfigError, match=f"keeps {frames} frames of a voice, and a crop hides 192"):
        untrained(place, recipe(f"retrieval.frames={frames}"))


def test_a_long_recording_in_parts_gives_the_same_frames(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = CropSampler(Corpus.open(place.spectrograms / "woman"), 64, seed=0)
    whole = list(fronts._stretches(sampler))
    monkeypatch.setattr(fronts, "_PART_FRAMES", 50)
    parts = list(fronts._stretches(sampler))
    assert max(part.shape[3] for part in parts) == 50
    assert torch.equal(torch.cat(parts, dim=3), torch.cat(whole, dim=3))
