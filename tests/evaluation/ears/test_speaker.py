"""Resemblyzer on voices that are alike and not; `pip install --no-deps resemblyzer`."""

import numpy as np
import pytest

from styleshift.evaluation.ears.speaker import SpeakerEncoder
from styleshift.evaluation.features import SAMPLE_RATE


def test_a_speaker_is_nearer_to_itself_than_to_another():
    encoder = SpeakerEncoder.find() or pytest.skip("resemblyzer is not installed")
    random = np.random.default_rng(0)

    def voice(hertz, formant):
        time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
        phase = (
            2 * np.pi * np.cumsum(hertz * 2 ** (np.sin(5 * time + random.uniform(0, 6)) / 12)) / SAMPLE_RATE
        )
        gains = [(h, np.exp(-abs(h * hertz - formant) / 600)) for h in range(1, int(8000 / hertz))]
        return (0.05 * sum(gain * np.sin(h * phase) for h, gain in gains)).astype(np.float32)

    low, again, high = (encoder.embed(voice(*one)) for one in ((100, 500), (102, 500), (220, 900)))
    assert np.linalg.norm(low) == pytest.approx(1)
    assert low @ again > 0.9
    assert low @ high < low @ again - 0.1
