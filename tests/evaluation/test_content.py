"""How much of the music stayed: what the metrics hear and what they do not."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.evaluation.content import harmony, onset_f_measure
from styleshift.evaluation.features import Features


def test_harmony_hears_pitch_classes_and_not_their_overtones() -> None:
    frames = 200
    chroma = np.zeros((frames, 12), np.float32)
    chroma[np.arange(frames), (np.arange(frames) // 50 * 5) % 12] = 1
    bright = np.clip(chroma + 0.3 * np.roll(chroma, 7, axis=1), 0, 1)
    other = np.roll(chroma, 6, axis=1)
    silent = np.zeros((frames, 80), np.float32)
    one, same, wrong = (Features(silent, each) for each in (chroma, bright, other))
    assert harmony(one, one) == pytest.approx(1)
    assert harmony(same, one) > 0.75
    assert harmony(wrong, one) < 0.2


def test_onsets_are_met_within_50_ms() -> None:
    def clicks(shift: int) -> Features:
        log_mel = np.full((300, 80), -60, np.float32)
        for start in range(30, 280, 50):
            log_mel[start + shift : start + shift + 20] = 0
        return Features(log_mel, np.zeros((150, 12), np.float32))

    assert onset_f_measure(clicks(2), clicks(0)) == pytest.approx(1)
    assert onset_f_measure(clicks(20), clicks(0)) == 0
