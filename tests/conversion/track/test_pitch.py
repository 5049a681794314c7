"""The first pass's pitch of a voice, against the pitch put in and against the whole array at once."""

import numpy as np
import pytest

from styleshift.conversion.track.pitch import PitchMeter
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.frontend.pitch import PitchShifter

CONFIG = SpectrogramConfig(
    sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, compression="log1p", gain=1000.0
)


def voice(hertz, rate, seconds=3.0):
    time = np.arange(int(rate * seconds)) / rate
    loud = 0.02 + 0.1 * (np.sin(2 * np.pi * 1.5 * time) > 0)
    return (loud * sum(np.sin(2 * np.pi * h * hertz * time) / h for h in range(1, 15))).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("hertz", [97, 214])
def test_median_of_a_recording_in_blocks(rate, hertz):
    sound = voice(hertz, rate)
    stereo = np.stack([sound, 0.5 * sound], axis=1)
    meter = PitchMeter(PitchShifter(CONFIG), rate)
    for start in range(0, len(stereo), 4001):
        meter.push(stereo[start : start + 4001])
    assert abs(12 * np.log2(meter.median() / hertz)) < 0.3


def test_agrees_with_the_whole_at_once():
    rng = np.random.default_rng(1)
    sound = np.concatenate(
        [voice(110, 16000, 4.0), voice(130, 16000, 1.0), rng.normal(0, 0.05, 8000)]
    ).astype(np.float32)
    shifter = PitchShifter(CONFIG)
    meter = PitchMeter(shifter, 16000)
    meter.push(sound[:, None])
    whole = shifter.median(shifter.log(log_spectrogram(sound, CONFIG)))
    assert abs(12 * np.log2(meter.median() / whole)) < 0.3


def test_noise_and_nothing_have_none():
    meter = PitchMeter(PitchShifter(CONFIG), 44100)
    meter.push(np.random.default_rng(0).normal(0, 0.05, (88200, 1)).astype(np.float32))
    assert meter.median() is None
    assert PitchMeter(PitchShifter(CONFIG), 44100).median() is None
