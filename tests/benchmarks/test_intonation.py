"""The benchmark of intonation, on pitches of which the answer is known."""

from __future__ import annotations

import intonation
import numpy as np
from numpy.testing import assert_array_equal

from styleshift.frontend import log_spectrogram
from styleshift.recipes import load_recipe
from styleshift.voice.pitch import PitchShifter


def test_frames_are_counted_by_what_becomes_of_them() -> None:
    config = load_recipe("voice").spectrogram
    shifter = PitchShifter(config)
    time = np.arange(2 * config.sample_rate) / config.sample_rate
    tone = sum(np.sin(2 * np.pi * 110 * number * time) / number for number in range(1, 8))
    noise = np.random.default_rng(0).normal(0, 1, len(time))
    both = np.concatenate([0.05 * tone, 0.02 * noise]).astype(np.float32)
    log = shifter.log(log_spectrogram(both, config))
    # Harvest is said to hear 110 Hz for a second, an octave above for the next, and in the noise a tenth.
    frames = round(config.frame_rate)
    harvest = np.zeros(len(log))
    harvest[:frames] = 110
    harvest[frames : 2 * frames - 4] = 220
    harvest[-12:] = 110
    found = intonation.counted(shifter, log, harvest)
    voiced = 2 * frames - 4 + 12
    assert_array_equal(found[:4, 1], voiced)
    assert found[0, 0] == voiced
    assert 8 <= found[1, 0] <= 12  # the noise that is called voiced is not moved
    assert frames - 6 <= found[2, 0] <= frames  # an octave off
    assert found[3, 0] == found[2, 0]
    assert found[4, 1] > frames
    assert found[4, 0] < 0.1 * found[4, 1]  # noise is hardly moved
