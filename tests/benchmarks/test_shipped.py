"""The figures of a conversion are those that were put into it."""

from __future__ import annotations

import numpy as np
import pytest
import shipped

RATE = 22050


def test_noise_and_holes_are_told_apart() -> None:
    random = np.random.default_rng(0)
    size = round(shipped.FRAME_SECONDS * RATE)
    # A second of every five is 60 dB softer.
    gain = np.repeat(np.where(np.arange(200) % 100 < 80, 1.0, 1e-3), size)
    source = (0.1 * gain * random.standard_normal(len(gain))).astype(np.float32)
    assert shipped.compare(source, 2 * source, RATE) == pytest.approx(
        {"level": 6.02, "quiet": 6.02, "top": 6.02, "holes": 0.0}, abs=0.05
    )
    noisy = source + np.where(gain < 1, 1e-3, 0) * random.standard_normal(len(source)).astype(np.float32)
    found = shipped.compare(source, noisy.astype(np.float32), RATE)
    assert found["level"] == pytest.approx(0, abs=0.01)
    assert found["quiet"] == pytest.approx(20 * np.log10(10), abs=0.5)
    holed = source.copy()
    holed[: 8 * size] = 0
    assert shipped.compare(source, holed, RATE)["holes"] == pytest.approx(1000 * 8 / 160)


def test_loudness_is_that_of_the_standard() -> None:
    # ITU-R BS.1770: 997 Hz at full scale in one channel has -3.01 LUFS.
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * 48000) / 48000).astype(np.float32)[:, None]
    assert shipped.loudness(sine, 48000) == pytest.approx(-3.01, abs=0.05)
    assert shipped.loudness(np.concatenate([sine, sine], axis=1), 48000) == pytest.approx(0, abs=0.05)
    assert shipped.loudness(0 * sine, 48000) == -70.0
