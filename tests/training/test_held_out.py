"""What is held out is in no training crop, and is chosen the same each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from reporters import Told

from styleshift.corpus import Corpus, CropSampler
from styleshift.corpus.corpus import Track
from styleshift.frontend.config import SpectrogramConfig
from styleshift.recipes import Recipe
from styleshift.training import held_out as held_out_module
from styleshift.training import run as run_module
from styleshift.training.held_out import held_out_segments, hold_out, restore_held_out
from styleshift.training.run import resume_run, start_run
from styleshift.training.sources import make_samplers, split_held_out
from styleshift.workspace import Workspace

CONFIG = SpectrogramConfig(
    sample_rate=8000, frame_length=128, hop_length=64, fft_length=128, compression="none"
)
CROP = 10


def make(folder: Path, lengths: Sequence[int], names: Sequence[str] | None = None) -> Corpus:
    """A corpus whose every frame holds a number of its own, and the same name the same recording."""
    tracks, number = [], 0
    for index, frames in enumerate(lengths):
        content = names[index] if names else str(index)
        values = np.full((1, frames, CONFIG.bins), 0, np.float16)
        values += (number + np.arange(frames, dtype=np.float16))[None, :, None]
        number += frames
        np.save(folder / f"{index}.npy", values)
        digest = hashlib.sha256(content.encode()).hexdigest()
        where = folder / f"{index}.npy"
        tracks.append(Track(str(index), str(index), frames, CONFIG.bins, -20.0, frames / 125, digest, where))
    return Corpus("x", CONFIG, tuple(tracks), "")


def frames_of(corpus: Corpus) -> set[int]:
    return {int(value) for track in corpus.tracks for value in track.array()[0, :, 0]}


@pytest.mark.parametrize(
    "lengths", [[100] * 20, [50, 80, 200, 30, 90, 120, 60], [40, 40, 40], [500], [300, 20], [900, 15, 15]]
)
def test_what_is_held_out_is_in_no_crop(lengths: list[int], tmp_path: Path) -> None:
    corpus = make(tmp_path, lengths)
    training, held = hold_out(corpus, 0.1, CROP)
    assert held is not None
    assert not frames_of(training) & frames_of(held)
    assert frames_of(training) | frames_of(held) == frames_of(corpus)
    assert CROP <= len(frames_of(held)) <= max(CROP, sum(lengths) / 3)
    seen = np.unique(CropSampler(training, CROP, seed=0).batch(400))
    judged = np.unique(CropSampler(held, CROP, seed=0).batch(400))
    assert not set(seen.tolist()) & set(judged.tolist())


def test_about_the_share_is_held_out(tmp_path: Path) -> None:
    _, held = hold_out(make(tmp_path, [100] * 50), 0.1, CROP)
    assert held is not None
    assert 300 <= sum(track.frames for track in held.tracks) <= 700


def test_the_choice_stays_where_recordings_are_added(tmp_path: Path) -> None:
    """Which are held out depends on each recording's own hash: of the old ones none comes in anew."""
    few, many = (hold_out(make(tmp_path, [100] * count), 0.1, CROP)[1] for count in (40, 44))
    assert few is not None
    assert many is not None
    chosen = {track.name for track in few.tracks}
    assert len(chosen & {track.name for track in many.tracks}) >= len(chosen) - 1


def test_a_recording_under_two_names_is_on_one_side(tmp_path: Path) -> None:
    names = [str(number // 2) for number in range(20)]
    training, held = hold_out(make(tmp_path, [100] * 20, names), 0.1, CROP)
    assert held is not None
    assert not {track.digest for track in training.tracks} & {track.digest for track in held.tracks}
    assert len(held.tracks) >= 2


@pytest.mark.parametrize("lengths", [[100] * 20, [500], [300, 20], [900, 15, 15], [40, 40, 40]])
def test_what_was_held_out_stays_so_where_recordings_are_added(lengths: list[int], tmp_path: Path) -> None:
    training, held = hold_out(make(tmp_path, lengths), 0.1, CROP)
    assert held is not None
    stored = json.loads(json.dumps(held_out_segments(held)))
    assert restore_held_out(make(tmp_path, lengths), stored, CROP) == (training, held)
    grown = make(tmp_path, [*lengths, 1000, 1000])
    rest, again = restore_held_out(grown, stored, CROP)
    assert again == held
    assert frames_of(rest) == frames_of(grown) - frames_of(held)


def test_a_recording_that_comes_under_a_second_name_stays_held_out(tmp_path: Path) -> None:
    lengths = [100] * 10
    _, held = hold_out(make(tmp_path, lengths), 0.1, CROP)
    assert held is not None
    name = held.tracks[0].name
    twice = make(tmp_path, [*lengths, 100], [*(str(number) for number in range(10)), name])
    rest, again = restore_held_out(twice, held_out_segments(held), CROP)
    assert again is not None
    assert {track.name for track in again.tracks} == {*(track.name for track in held.tracks), "10"}
    assert not {track.digest for track in rest.tracks} & {track.digest for track in again.tracks}
    _, end = hold_out(make(tmp_path, [500]), 0.1, CROP)
    assert end is not None
    rest, again = restore_held_out(make(tmp_path, [500, 500], ["0", "0"]), held_out_segments(end), CROP)
    assert again == end
    assert [track.frames for track in rest.tracks] == [450]


def test_what_was_held_out_may_have_gone(tmp_path: Path) -> None:
    _, held = hold_out(make(tmp_path, [100] * 10), 0.1, CROP)
    assert held is not None
    other = make(tmp_path, [100] * 3, ["a", "b", "c"])
    assert restore_held_out(other, held_out_segments(held), CROP) == (other, None)


def test_a_run_that_goes_on_holds_out_what_it_held_out(
    fresh: Workspace, tiny_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[list[set[str]]] = []
    real = run_module.make_samplers

    def samplers(
        corpora: tuple[Corpus, Corpus], recipe: Recipe, seed: int, *rest: object
    ) -> list[CropSampler]:
        used.append([{track.name for track in corpus.tracks} for corpus in corpora])
        return real(corpora, recipe, seed)

    monkeypatch.setattr(run_module, "make_samplers", samplers)
    folder = start_run(
        fresh, ("low", "high"), tiny_recipe("schedule.validation_seconds=1", "schedule.steps=1")
    ).folder
    run = json.loads((folder / "run.json").read_text())
    kept = [{stretch["name"] for stretch in run["held_out"][domain]} for domain in ("low", "high")]
    assert all(kept)
    used.clear()
    monkeypatch.setattr(held_out_module, "_recordings", None)  # nothing is chosen anew
    resume_run(fresh, steps=2)
    assert used == [[{"0.wav", "1.wav", "2.wav"} - names for names in kept]]
    del run["held_out"]
    (folder / "run.json").write_text(json.dumps(run))
    told = Told()
    resume_run(fresh, steps=3, reporter=told)
    assert used[1] == [{"0.wav", "1.wav", "2.wav"}] * 2
    assert len([text for text in told.warnings if "from here on none are" in text]) == 1


def test_too_little_music_is_left_whole(tmp_path: Path) -> None:
    corpus = make(tmp_path, [29])
    assert hold_out(corpus, 0.1, CROP) == (corpus, None)
    assert hold_out(make(tmp_path, [30]), 0.1, CROP)[1] is not None
    assert hold_out(make(tmp_path, [100] * 5), 0.0, CROP)[1] is None


def test_a_run_trains_on_the_rest(place: Workspace, tiny_recipe: Callable[..., Recipe]) -> None:
    corpora = Corpus.open(place.spectrograms / "low"), Corpus.open(place.spectrograms / "high")
    judged = tiny_recipe("schedule.validation_seconds=2")
    training, held = split_held_out(corpora, judged)
    assert held is not None
    for whole, rest, kept in zip(corpora, training, held, strict=True):
        assert len(rest.tracks) == 2
        assert {track.name for track in (*rest.tracks, *kept.tracks)} == {
            track.name for track in whole.tracks
        }
    samplers = make_samplers(training, judged, 0)
    assert [sampler.frames for sampler in samplers] == [64, 64]
    assert split_held_out(corpora, tiny_recipe("schedule.validation_seconds=0")) == (corpora, None)
    assert split_held_out(corpora, tiny_recipe("schedule.validation_seconds=2", "data.held_out=0")) == (
        corpora,
        None,
    )
