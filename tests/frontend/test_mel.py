"""Mel filters against librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from styleshift.frontend.mel import mel_filters


@pytest.mark.parametrize(
    ("rate", "size", "bands", "top"),
    [(22050, 1024, 80, None), (16000, 512, 40, None), (44100, 4096, 128, None), (44100, 4096, 40, 8000.0)],
)
def test_mel_filters_are_librosas(rate: int, size: int, bands: int, top: float | None) -> None:
    expected = librosa.filters.mel(sr=rate, n_fft=size, n_mels=bands, fmax=top)
    np.testing.assert_allclose(mel_filters(rate, size, bands, top), expected, atol=1e-7)
