from __future__ import annotations

import numpy as np
import pytest

from styleshift.corpus import Corpus, CropSampler
from styleshift.training.data import measure
from styleshift.workspace import Workspace


def test_statistics_are_numpys(place: Workspace) -> None:
    corpus = Corpus.open(place.spectrograms / "low")
    found = measure(CropSampler(corpus, 64, seed=5), 32)
    crops = CropSampler(corpus, 64, seed=5).batch(32)[:, 0].astype(np.float64)
    assert found.mean.numpy() == pytest.approx(crops.mean(axis=(0, 2)), rel=1e-4)
    assert found.deviation == pytest.approx(crops.std(axis=(0, 2)).mean(), rel=1e-4)
    assert found.loudest == pytest.approx(crops.max(axis=1).mean(), rel=1e-5)
