from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styleshift.audio.level import REFERENCE_LEVEL_DB
from styleshift.corpus import Corpus, CropSampler, Track
from styleshift.corpus.growing import GrowingArray
from styleshift.frontend import SpectrogramConfig

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=16, hop_length=4, fft_length=16)


def _corpus(folder: Path, lengths: list[int], level_db: float = REFERENCE_LEVEL_DB) -> Corpus:
    """Track i holds i + 1 everywhere, plus its frame number / 128 (modulo 120): all exact in float16."""
    tracks = []
    for index, frames in enumerate(lengths):
        path = folder / f"{index}.npy"
        with GrowingArray(path, CONFIG.bins) as array:
            ramp = index + 1 + (np.arange(frames) % 120)[None, :, None] / 128
            array.append(np.repeat(ramp, CONFIG.bins, axis=2).astype(np.float16))
            array.finish()
        tracks.append(Track(f"{index}.wav", str(index), frames, CONFIG.bins, level_db, 1.0, "", path))
    return Corpus("piano", CONFIG, tuple(tracks), "")


def test_crops_are_what_is_stored_turned_over(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, [100])
    batch = CropSampler(corpus, 10, seed=0).batch(50)
    assert batch.shape == (50, 1, CONFIG.bins, 10)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    stored = corpus.tracks[0].array()[0].astype(np.float32)
    for crop in batch[:, 0]:
        start = int(np.argmin(np.abs(stored[:, 0] - crop[0, 0])))
        np.testing.assert_allclose(crop, stored[start : start + 10].T, rtol=1e-6)


def test_every_moment_counts_the_same(tmp_path: Path) -> None:
    sampler = CropSampler(_corpus(tmp_path, [109, 19, 10, 59]), 10, seed=0)
    tracks = np.floor(sampler.batch(20_000)[:, 0, 0, 0]).astype(int) - 1
    # Starts: 100, 10, 1, 50 of 161. Four standard deviations of a binomial.
    for index, starts in enumerate([100, 10, 1, 50]):
        share = starts / 161
        spread = 4 * np.sqrt(share * (1 - share) / 20_000)
        assert abs(np.mean(tracks == index) - share) < spread
    assert sampler.joined == 0


def test_first_and_last_frames_are_reached(tmp_path: Path) -> None:
    batch = CropSampler(_corpus(tmp_path, [12]), 10, seed=0).batch(200)
    assert set(np.round((batch[:, 0, 0, 0] - 1) * 128).astype(int)) == {0, 1, 2}


def test_short_tracks_are_joined(tmp_path: Path) -> None:
    """Every crop of them is in the joined music, and all of it is reached."""
    corpus = _corpus(tmp_path, [9, 50, 3, 8])
    sampler = CropSampler(corpus, 10, seed=0)
    assert sampler.joined == 3
    assert sampler.padded == 0
    joined = np.concatenate([corpus.tracks[index].array()[0] for index in (0, 2, 3)]).astype(np.float32)
    assert (sampler.stretches, sampler.length(1)) == (2, 20)
    np.testing.assert_allclose(sampler.whole(1), joined, rtol=1e-6)
    crops = sampler.batch(400)[:, 0]
    starts = [
        start
        for crop in crops
        for start in range(11)
        if np.allclose(crop, joined[start : start + 10].T, rtol=1e-6)
    ]
    assert set(starts) == set(range(11))
    # Starts: 41 of the long one, 11 of the joined ones.
    assert abs(len(starts) / 400 - 11 / 52) < 4 * np.sqrt(11 / 52 * 41 / 52 / 400)


def test_too_little_music_for_a_crop_ends_in_silence(tmp_path: Path) -> None:
    sampler = CropSampler(_corpus(tmp_path, [3, 4]), 10, seed=0)
    assert (sampler.joined, sampler.padded) == (2, 3)
    for crop in sampler.batch(5)[:, 0]:
        assert np.floor(crop[0]).tolist() == [1] * 3 + [2] * 4 + [0] * 3


def test_the_state_goes_through_json_and_resumes_bit_for_bit(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, [100, 200, 300])
    first, second = CropSampler(corpus, 10, seed=7), CropSampler(corpus, 10, seed=8)
    first.batch(5)
    state = json.loads(json.dumps(first.state_dict()))
    expected = [first.batch(n) for n in (3, 1, 8)]
    second.load_state_dict(state)
    for batch in expected:
        np.testing.assert_array_equal(second.batch(len(batch)), batch)
    assert not np.array_equal(CropSampler(corpus, 10, seed=8).batch(8), expected[-1])


def test_crops_come_at_the_reference_level(tmp_path: Path) -> None:
    quiet = _corpus(tmp_path, [40], level_db=REFERENCE_LEVEL_DB - 20)
    crop = CropSampler(quiet, 40, seed=0).batch(1)[0, 0]
    stored = quiet.tracks[0].array()[0].astype(np.float64).T
    np.testing.assert_allclose(crop, np.log1p(10 * np.expm1(stored)), rtol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "short", "shape"])
def test_a_damaged_array_is_an_error_in_words(tmp_path: Path, damage: str) -> None:
    from styleshift.errors import CorpusError

    corpus = _corpus(tmp_path, [40])
    path = corpus.tracks[0].path
    if damage == "missing":
        path.unlink()
    elif damage == "short":
        path.write_bytes(path.read_bytes()[:300])
    else:
        np.save(path, np.zeros((1, 39, CONFIG.bins), np.float16))
    sampler: Any = CropSampler(corpus, 10, seed=0)
    with pytest.raises(CorpusError, match=r"0\.wav"):
        sampler.batch(1)
