"""What the first pass finds of a voice, against what was put in and against the whole array at once."""

import numpy as np
import pytest

from styleshift.conversion.track.voice import Voice, VoiceMeter, VoiceWanted, pitch_note
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.voice.equaliser import SPOKEN, EqualiserMeter, VoiceMeans
from styleshift.voice.pitch import PitchShifter, cepstral_order
from tests.helpers.vowels import VOWELS, vowel

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
    meter = VoiceMeter(VoiceWanted(PitchShifter(CONFIG)), rate, 2)
    for start in range(0, len(stereo), 4001):
        meter.push(stereo[start : start + 4001])
    assert abs(12 * np.log2(meter.finish().hertz / hertz)) < 0.3


def test_agrees_with_the_whole_at_once():
    rng = np.random.default_rng(1)
    sound = np.concatenate(
        [voice(110, 16000, 4.0), voice(130, 16000, 1.0), rng.normal(0, 0.05, 8000)]
    ).astype(np.float32)
    shifter = PitchShifter(CONFIG)
    meter = VoiceMeter(VoiceWanted(shifter), 16000, 1)
    meter.push(sound[:, None])
    whole = shifter.median(shifter.log(log_spectrogram(sound, CONFIG)))
    assert abs(12 * np.log2(meter.finish().hertz / whole)) < 0.3


def test_noise_and_nothing_have_none():
    meter = VoiceMeter(VoiceWanted(PitchShifter(CONFIG)), 44100, 1)
    meter.push(np.random.default_rng(0).normal(0, 0.05, (88200, 1)).astype(np.float32))
    assert meter.finish().hertz is None
    assert VoiceMeter(VoiceWanted(PitchShifter(CONFIG)), 44100, 1).finish().hertz is None


def test_an_equaliser_is_found_for_a_voice_and_none_for_noise():
    shifter = PitchShifter(CONFIG)
    means = VoiceMeans(((0.0,) * cepstral_order(CONFIG),) * SPOKEN, (100.0,) * SPOKEN)
    sound = vowel("AE", 150, seconds=3).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.05, 48000).astype(np.float32)
    found = []
    for samples, wanted in (
        (sound, VoiceWanted(shifter, means)),
        (sound, VoiceWanted(shifter)),
        (noise, VoiceWanted(shifter, means)),
    ):
        meter = VoiceMeter(wanted, 16000, 1)
        for start in range(0, len(samples), 5000):
            meter.push(samples[start : start + 5000, None])
        found.append(meter.finish().equaliser)
    assert found[1] is None
    assert found[2] is None
    whole = EqualiserMeter(shifter, means)
    whole.push(shifter.log(log_spectrogram(sound, CONFIG)))
    np.testing.assert_allclose(found[0], whole.equaliser(), atol=0.02)  # but for the resampler


def test_a_delay_between_channels_is_no_other_voice():
    """The mean of both waveforms would have notches from 1 kHz on; a voice against its opposite none left."""
    shifter = PitchShifter(CONFIG)
    sound = np.concatenate([vowel(name, 150) for name in VOWELS]).astype(np.float32)
    means = VoiceMeans(((0.0,) * cepstral_order(CONFIG),) * SPOKEN, (100.0,) * SPOKEN)
    found = []
    for other in (sound, np.roll(sound, 8), -sound):
        meter = VoiceMeter(VoiceWanted(shifter, means), 16000, 2)
        meter.push(np.stack([sound, other], axis=1))
        found.append(meter.finish())
    for voice in found[1:]:
        assert abs(12 * np.log2(voice.hertz / found[0].hertz)) < 0.3
        assert 20 * np.log10(np.e) * np.abs(voice.equaliser - found[0].equaliser).max() < 1


@pytest.mark.parametrize(
    ("hertz", "target", "near"),
    [
        (214, 212, True),
        (185, 212, True),  # 2.4 semitones below, 2.1 above
        (240, 212, True),
        (170, 212, False),  # 3.8 below, 4.3 above
        (272, 212, False),
        (106, 212, False),  # an octave is no nearness
        (105, 96, True),
        (205, 96, False),
    ],
)
def test_a_voice_that_is_there_already_is_noted(hertz, target, near):
    meter = VoiceMeter(VoiceWanted(PitchShifter(CONFIG)), 16000, 1)
    meter.push(voice(hertz, 16000)[:, None])
    note = pitch_note(meter.finish(), target)
    assert bool(note) == near
    assert not note or f"{target} Hz" in note


def test_nothing_is_noted_where_there_is_no_voice():
    assert pitch_note(Voice(), 212) == ""
