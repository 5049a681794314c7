"""A vocoder is given context, and where two of its chunks meet the level is even."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.conversion.track.vocode import FADE_FRAMES, vocode
from styleshift.frontend import SpectrogramConfig

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=16, fft_length=64)


def run(vocoder: object, frames: int, chunk: int = 100, context: int = 10) -> np.ndarray:
    """The sound of ``frames`` frames whose first bin holds the frame's number."""
    log = np.zeros((1, frames, CONFIG.bins), np.float32)
    log[0, :, 0] = np.arange(frames)
    return vocode(
        log,
        log.astype(np.complex64),
        vocoder=vocoder,  # type: ignore[arg-type]
        hop=CONFIG.hop_length,
        context=context,
        samples=(frames - 1) * 16 + 5,
        chunk=chunk,
    )


@pytest.mark.parametrize("frames", [1, 5, 99, 100, 103, 104, 105, 112, 250, 1000])
def test_every_sample_comes_from_its_own_frame(frames: int) -> None:
    def numbers(log: np.ndarray, source: np.ndarray, samples: int) -> np.ndarray:
        return np.repeat(log[:, :, 0], 16, axis=1)[:, :samples]

    found = run(numbers, frames)
    np.testing.assert_allclose(found[0], np.repeat(np.arange(frames), 16)[: found.shape[1]], atol=1e-3)
    assert found.shape == (1, (frames - 1) * 16 + 5)


def test_context_is_given_on_both_sides_and_the_phase_goes_with_it() -> None:
    seen = []

    def spy(log: np.ndarray, source: np.ndarray, samples: int) -> np.ndarray:
        np.testing.assert_array_equal(source.real, log)
        seen.append((int(log[0, 0, 0]), int(log[0, -1, 0])))
        return np.zeros((1, samples), np.float32)

    run(spy, 350, context=10)
    reach = 10 + FADE_FRAMES
    assert seen == [
        (0, 99 + reach),
        (100 - reach, 199 + reach),
        (200 - reach, 299 + reach),
        (300 - reach, 349),
    ]


@pytest.mark.parametrize("alike", [True, False])
def test_the_level_is_even_where_stretches_meet(alike: bool) -> None:
    """One vocoder makes the same waveform of the same frames every time, one a noise of its own."""
    random = np.random.default_rng(0)
    fixed = np.random.default_rng(1).standard_normal(20100 * 16).astype(np.float32)

    def noise(log: np.ndarray, source: np.ndarray, samples: int) -> np.ndarray:
        if alike:
            start = int(log[0, 0, 0]) * 16
            return fixed[None, start : start + samples]
        return random.standard_normal((1, samples)).astype(np.float32)

    found = run(noise, 20000)[0]
    if alike:
        np.testing.assert_allclose(found, fixed[: len(found)], rtol=1e-5, atol=1e-6)
    borders = np.arange(100, 20000, 100) * 16
    around = np.stack([found[border - 32 : border + 32] for border in borders])  # the middle of each fade
    assert 10 * np.log10(np.mean(around**2)) == pytest.approx(0, abs=0.2)
