"""The benchmark of intonation, on pitches of which the answer is known."""

from __future__ import annotations

import intonation
import numpy as np
import pytest


def test_frames_more_than_a_semitone_off_are_counted() -> None:
    reference = np.full(4, 100.0)
    hertz = 100 * 2 ** (np.array([0.9, -0.9, 1.1, -12.0]) / 12)
    assert intonation.share_off(hertz, reference) == pytest.approx(0.5)
