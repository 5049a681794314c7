"""Sounds whose pitches are known."""

from collections.abc import Callable

import numpy as np
import pytest

from styleshift.evaluation.features import SAMPLE_RATE


@pytest.fixture(scope="session")
def notes() -> Callable[..., np.ndarray]:
    """Held tones of seven harmonics at some frequencies: ``notes(440.0, seconds=3.0)``."""

    def made(*hertz: float, seconds: float = 3.0) -> np.ndarray:
        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        tones = [
            np.sin(2 * np.pi * f * harmonic * time) / harmonic for f in hertz for harmonic in range(1, 8)
        ]
        return (0.1 * sum(tones)).astype(np.float32)

    return made
