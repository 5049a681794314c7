"""Two styles of recordings, made on the spot: plucked and held notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from styleshift.evaluation.features import SAMPLE_RATE, Features
from styleshift.evaluation.load import load_style
from styleshift.progress import Reporter


def melody(style: str, seed: int, seconds: float = 3.0) -> np.ndarray:
    """Notes of a random melody, ``plucked`` (sharp, decaying, all harmonics) or ``held`` (soft, odd ones)."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = 0.0005 * np.random.default_rng(seed + 1000).standard_normal(len(time))
    for start in np.arange(0, seconds - 0.05, 0.25):
        hertz = 330 * 2 ** (random.choice([-5, -3, 0, 2, 4, 7, 9, 12]) / 12)
        since = np.maximum(time - start, 0)
        on = (time >= start) & (time < start + (0.6 if style == "plucked" else 0.25))
        for harmonic in range(1, 12) if style == "plucked" else (1, 3, 5):
            decay = np.exp(-4 * harmonic**0.5 * since) if style == "plucked" else 1 - np.exp(-25 * since)
            amount = 1 / harmonic if style == "plucked" else 1 / harmonic**2
            wave += 0.1 * on * amount * decay * np.sin(2 * np.pi * hertz * harmonic * since)
    return wave.astype(np.float32)


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``plucked``, ``held``: five recordings each; ``tunes-plucked``, ``tunes-held``: two tunes in both."""
    root = tmp_path_factory.mktemp("collections")
    for style, first in (("plucked", 0), ("held", 100)):
        for folder, seeds in ((style, range(first, first + 5)), (f"tunes-{style}", (500, 501))):
            (root / folder / "sub").mkdir(parents=True)
            for seed in seeds:
                place = root / folder / ("sub" if seed % 2 else "")
                soundfile.write(place / f"{seed % 100}.flac", melody(style, seed), SAMPLE_RATE)
    return root


@pytest.fixture(scope="session")
def styles(collections: Path) -> dict[str, list[Features]]:
    """Features of those collections, by name."""
    names = ("plucked", "held", "tunes-plucked", "tunes-held")
    return {name: load_style(collections / name, name, Reporter()) for name in names}
