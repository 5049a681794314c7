"""Recordings made on the fly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

Tone = Callable[..., npt.NDArray[np.float32]]
Save = Callable[..., Path]


@pytest.fixture
def tone() -> Tone:
    """``tone(seconds, rate, hertz=, peak=, channels=)`` gives a sine ``[n, channels]``."""

    def make(
        seconds: float = 1.0, rate: int = 22050, *, hertz: float = 440.0, peak: float = 0.5, channels: int = 1
    ) -> npt.NDArray[np.float32]:
        time = np.arange(round(seconds * rate)) / rate
        wave = (peak * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
        return np.repeat(wave[:, None], channels, axis=1)

    return make


@pytest.fixture
def save() -> Save:
    """``save(path, samples, rate, format=, subtype=)`` writes a file, whatever bytes are in its name."""

    def write(path: Path, samples: npt.NDArray[np.float32], rate: int = 22050, **options: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        options.setdefault("format", path.suffix[1:].upper() or "WAV")
        with path.open("wb") as file:
            soundfile.write(file, samples, rate, **options)
        return path

    return write
