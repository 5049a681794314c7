"""Pitch found and moved on log magnitudes, against closed forms and librosa's pyin."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.voice.pitch import LEAST_FRAMES, SURE, PitchShifter, step, voicing

CONFIG = SpectrogramConfig(
    sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, compression="log1p", gain=1000.0
)


def voice(hertz, seconds=2.0, formant=700.0, rate=16000):
    """Pulses, 12 dB down per octave, through one resonance; the pitch glides by a semitone up and down."""
    time = np.arange(int(seconds * rate)) / rate
    phase = np.cumsum(hertz * 2 ** (np.sin(2 * np.pi * 2 * time) / 12) / rate)
    pulses = np.diff(np.floor(phase), prepend=0)
    radius = np.exp(-np.pi * 120 / rate)
    resonance = [1, -2 * radius * np.cos(2 * np.pi * formant / rate), radius**2]
    sound = lfilter([1], [1, -0.9], lfilter([1], resonance, pulses))
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


def spectrogram(sound):
    """[frames, bins], compressed."""
    return log_spectrogram(sound, CONFIG)


def log_of(sound):
    """[frames, bins], natural log of magnitudes."""
    return PitchShifter(CONFIG).log(spectrogram(sound))


@pytest.mark.parametrize("hertz", [75, 98, 140, 210, 300])
def test_finds_the_pitch_of_a_voice(hertz):
    found = PitchShifter(CONFIG).median(log_of(voice(hertz)))
    assert abs(12 * np.log2(found / hertz)) < 0.5


def test_agrees_with_pyin_frame_by_frame():
    librosa = pytest.importorskip("librosa")
    sound = voice(130)
    theirs, voiced, _ = librosa.pyin(sound, fmin=60, fmax=420, sr=16000, frame_length=2048, hop_length=256)
    ours, strength = PitchShifter(CONFIG).track(log_of(sound))
    both = voiced & (strength > 0.5)
    assert both.mean() > 0.8
    assert np.median(np.abs(12 * np.log2(ours[both] / theirs[both]))) < 0.3


def test_white_noise_counts_for_less_than_any_voice():
    shifter = PitchShifter(CONFIG)
    noise = log_of(np.random.default_rng(0).normal(0, 0.05, 48000).astype(np.float32))
    strength = shifter.track(noise)[1]
    assert np.median(strength) < 0.3
    assert voicing(strength).mean() < 0.05  # of it is moved
    assert np.percentile(shifter.track(log_of(voice(90)))[1], 5) > 0.6


def test_white_noise_has_no_median():
    # For long enough some of its frames seem sure of a pitch.
    config = replace(CONFIG, sample_rate=22050)
    shifter = PitchShifter(config)
    noise = np.random.default_rng(0).normal(0, 0.05, 60 * 22050).astype(np.float32)
    log = shifter.log(log_spectrogram(noise, config))
    assert (shifter.track(log)[1] > SURE).sum() > LEAST_FRAMES
    assert shifter.median(log) is None


def test_a_voice_that_glides_is_moved():
    # From 85 to 130 Hz and back in 0.3 s, most of its power at 700 Hz: harmonics are blurred there.
    time = np.arange(4 * 16000) / 16000
    hertz = 85 * (130 / 85) ** (0.5 - 0.5 * np.cos(2 * np.pi * time / 0.3))
    pulses = np.diff(np.floor(np.cumsum(hertz) / 16000), prepend=0)
    radius = np.exp(-np.pi * 100 / 16000)
    resonance = [1, -2 * radius * np.cos(2 * np.pi * 700 / 16000), radius**2]
    sound = lfilter([1], [1, -0.9], lfilter([1], resonance, pulses))
    _, strength = PitchShifter(CONFIG).track(log_of((0.05 * sound / sound.std()).astype(np.float32)))
    assert voicing(strength).mean() > 0.95


def test_a_harmonic_in_a_formant_is_not_taken_for_the_pitch():
    # A low voice whose third harmonic stands 25 dB above the first.
    time = np.arange(32000) / 16000
    levels = {1: 0.05, 2: 0.3, 3: 1.0, 4: 0.6, 5: 0.3, 6: 0.2, 7: 0.1}
    sound = sum(level * np.sin(2 * np.pi * 82 * h * time + h * h) for h, level in levels.items())
    found = PitchShifter(CONFIG).median(log_of((0.05 * sound).astype(np.float32)))
    assert abs(12 * np.log2(found / 82)) < 0.3


@pytest.mark.parametrize(("hertz", "ratio"), [(98, 2.15), (210, 1 / 2.15), (120, 1.3)])
def test_moves_the_pitch_by_the_ratio(hertz, ratio):
    shifter = PitchShifter(CONFIG)
    moved = shifter.shift(spectrogram(voice(hertz)), ratio)
    assert abs(12 * np.log2(shifter.median(shifter.log(moved)) / (hertz * ratio))) < 0.6


def test_the_envelope_moves_by_the_power_of_the_ratio_only():
    # A voice made an octave higher with the resonance where `formants` says, against the moved one.
    shifter = PitchShifter(CONFIG, formants=0.15)
    moved = shifter.log(shifter.shift(spectrogram(voice(100, formant=700)), 2.0))
    wanted, unmoved = (log_of(voice(200, formant=f)) for f in (700 * 2**0.15, 700 * 2))
    envelope = shifter.envelope
    shape = [(spectra @ envelope.T)[20:-20].mean(0)[:160] for spectra in (moved, wanted, unmoved)]
    shape = [item - item.mean() for item in shape]
    error, far = (np.sqrt(np.mean((shape[0] - other) ** 2)) for other in shape[1:])
    assert error < 0.6 * far


def test_noise_has_no_pitch_and_stays_as_it_is():
    noise = spectrogram(np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32))
    shifter = PitchShifter(CONFIG)
    assert shifter.median(shifter.log(noise)) is None
    unchanged = np.abs(shifter.shift(noise, 2.0) - noise).max(axis=1) == 0
    assert unchanged.mean() > 0.8


def test_no_move_is_the_same_array_and_a_ratio_is_rounded_to_a_quarter_of_a_semitone():
    given = spectrogram(voice(100, 0.5))
    shifter = PitchShifter(CONFIG)
    assert shifter.shift(given, 1.005) is given
    assert np.array_equal(shifter.matrix(2.0), shifter.matrix(2.005))
    assert step(2.0) == 48
    assert step(1e9) == 96


def test_silence_and_too_little_have_no_pitch():
    shifter = PitchShifter(CONFIG)
    assert shifter.median(np.full((40, CONFIG.bins), shifter.floor, np.float32)) is None
    assert shifter.median(np.zeros((0, CONFIG.bins), np.float32)) is None


def test_frames_too_short_for_voices_are_refused():
    with pytest.raises(ConfigError, match="too short"):
        PitchShifter(SpectrogramConfig(sample_rate=22050, frame_length=256, hop_length=64, fft_length=256))
    with pytest.raises(ConfigError, match="log magnitudes"):
        PitchShifter(
            SpectrogramConfig(sample_rate=16000, frame_length=1024, fft_length=1024, compression="none")
        )
