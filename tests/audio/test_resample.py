from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

from styleshift.audio.resample import resample, resampled_length


def _cut(samples: Any, size: int) -> Any:
    return (samples[start : start + size] for start in range(0, len(samples), size))


@pytest.mark.parametrize(
    ("source", "target"), [(44100, 20500), (8000, 20500), (11127, 22050), (192000, 16000)]
)
@pytest.mark.parametrize("frames", [1, 2, 999, 50_001])
def test_the_length_is_exact(source: int, target: int, frames: int) -> None:
    noise = np.random.default_rng(0).standard_normal((frames, 2)).astype(np.float32)
    out = list(resample(_cut(noise, 4096), source, target))
    assert (
        sum(map(len, out)) == resampled_length(frames, source, target) == int(frames * target / source + 0.5)
    )
    assert all(block.dtype == np.float32 and block.shape[1] == 2 for block in out)


def test_the_result_does_not_depend_on_the_blocks() -> None:
    noise = np.random.default_rng(0).standard_normal((30_000, 1)).astype(np.float32)
    whole = np.concatenate(list(resample([noise], 44100, 20500)))
    for size in (100, 777, 16384):
        pieces = np.concatenate(list(resample(_cut(noise, size), 44100, 20500)))
        np.testing.assert_allclose(pieces, whole, atol=1e-6)


def test_a_tone_stays_in_place_and_keeps_its_size(tone: Any) -> None:
    out = np.concatenate(list(resample(_cut(tone(2.0, 44100), 8192), 44100, 22050)))
    np.testing.assert_allclose(out[2000:-2000], tone(2.0, 22050)[2000:-2000], atol=1e-4)


def test_what_lies_above_the_band_is_gone() -> None:
    time = np.arange(44100) / 44100
    alias = (0.5 * np.sin(2 * np.pi * 12_000 * time)).astype(np.float32)[:, None]
    out = np.concatenate(list(resample(_cut(alias, 4096), 44100, 20500)))
    assert 20 * np.log10(np.abs(out[2000:-2000]).max() / 0.5) < -100


def test_the_band_below_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    low = scipy.signal.sosfilt(
        scipy.signal.butter(10, 5000, fs=44100, output="sos"), rng.standard_normal(44100)
    )
    ours = np.concatenate(list(resample([low.astype(np.float32)[:, None]], 44100, 22050)))[:, 0]
    theirs = scipy.signal.resample_poly(low, 1, 2)
    error = ours[3000:-3000] - theirs[3000:-3000]
    assert 20 * np.log10(error.std() / theirs.std()) < -40


def test_the_same_rate_passes_through() -> None:
    noise = np.random.default_rng(0).standard_normal((100, 1)).astype(np.float32)
    assert next(resample([noise], 8000, 8000)) is noise


def test_nothing_gives_nothing() -> None:
    assert list(resample([], 8000, 16000)) == []
