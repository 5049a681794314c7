"""A tiny workspace with two stored domains, made by the product's own precompute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from styleshift.corpus import precompute
from styleshift.evaluation import classifier
from styleshift.recipes import Recipe, load_recipe
from styleshift.testing.material import TINY
from styleshift.workspace import Workspace


def make_tiny_recipe(*overrides: str) -> Recipe:
    """``small`` with networks of a few hundred weights."""
    return load_recipe("small", [*TINY, *overrides])


@pytest.fixture(scope="module", autouse=True)
def _hasty_classifiers() -> Iterator[None]:
    """Six classifiers of each run learn for a few steps only: what they know is tested beside them.

    Only as long as these tests run: the same process runs those of what classifiers know.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "_STEPS", 3)
        yield


@pytest.fixture(scope="session")
def tiny_recipe() -> Callable[..., Recipe]:
    """Makes ``small`` with networks of a few hundred weights, and with the overrides given."""
    return make_tiny_recipe


@pytest.fixture(scope="session")
def tiny_settings() -> Callable[..., list[str]]:
    """The settings that make ``small`` tiny, and the overrides given, as ``--set`` takes them."""
    return lambda *overrides: [*TINY, *overrides]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Domains ``low``, ``high`` and ``other``, three recordings of two seconds each."""
    root = tmp_path_factory.mktemp("training")
    random = np.random.default_rng(1)
    time = np.arange(16000) / 8000
    for domain, base in (("low", 200.0), ("high", 900.0), ("other", 300.0)):
        (root / "audio" / domain).mkdir(parents=True)
        for number in range(3):
            tone = 0.2 * np.sin(2 * np.pi * base * (1 + 0.1 * number) * time) * np.exp(-2 * (time % 0.5))
            samples = tone + 0.01 * random.standard_normal(len(time))
            soundfile.write(root / "audio" / domain / f"{number}.wav", samples, 8000)
    workspace = Workspace(root / "workspace")
    precompute(root / "audio", workspace, make_tiny_recipe().spectrogram, jobs=1)
    return workspace


@pytest.fixture
def fresh(place: Workspace, tmp_path: Path) -> Workspace:
    """The same spectrograms, with runs of its own."""
    (tmp_path / "spectrograms").symlink_to(place.spectrograms)
    return Workspace(tmp_path)
