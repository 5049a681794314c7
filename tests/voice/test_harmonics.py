"""Harmonics drawn anew, against spectra of voices that were made at the pitch they are moved to."""

import numpy as np
import pytest
from scipy.signal import lfilter

from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.voice.harmonics import BLURRED, steady
from styleshift.voice.pitch import PitchShifter, voicing

CONFIG = SpectrogramConfig(
    sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, compression="log1p", gain=1000.0
)
DRAWN = PitchShifter(CONFIG, formants=0.0, harmonics="draw")
STRETCHED = PitchShifter(CONFIG, formants=0.0)


def voice(hertz, breath=0.25, seconds=1.0):
    """Harmonics of amplitude 1 and noise through one resonance at 700 Hz."""
    time = np.arange(int(16000 * seconds)) / 16000
    sound = sum(np.cos(2 * np.pi * h * hertz * time + h * h) for h in range(1, int(7900 / hertz)))
    sound = sound + breath * np.random.default_rng(0).normal(size=len(time))
    radius = np.exp(-np.pi * 400 / 16000)
    through = lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * 700 / 16000), radius**2], sound)
    return log_spectrogram((0.005 * through).astype(np.float32), CONFIG)


def fine(log):
    return log - log @ DRAWN.envelope.T


@pytest.mark.parametrize("hertz", [60, 97, 210, 400, 640])
def test_a_comb_is_the_fine_structure_of_a_steady_voice(hertz):
    combs = DRAWN.combs
    row = combs.first + round(np.log(hertz / 60) / combs.step)
    exact = 60 * np.exp((row - combs.first) * combs.step)
    theirs = fine(DRAWN.log(voice(exact)))[10:-10].mean(0)[10:440]
    assert np.corrcoef(combs.rows[row][10:440], theirs)[0, 1] > 0.9


@pytest.mark.parametrize(("hertz", "ratio"), [(98, 2.15), (210, 1 / 2.15), (120, 1.3)])
def test_a_drawn_voice_is_nearer_to_a_voice_at_that_pitch_than_a_stretched_one(hertz, ratio):
    wanted = DRAWN.log(voice(hertz * ratio))[10:-10, :320]
    away = [
        np.sqrt(np.mean(np.square(shifter.log(shifter.shift(voice(hertz), ratio))[10:-10, :320] - wanted)))
        for shifter in (DRAWN, STRETCHED)
    ]
    assert away[0] < 0.9 * away[1]


def test_every_band_keeps_its_power():
    given = DRAWN.log(voice(110, breath=1.0))
    found, _ = DRAWN.candidates_of(given)
    drawn = DRAWN.combs.draw(fine(given).astype(np.float32), found, 1.9)
    before, after = (np.exp(2 * part) @ DRAWN.combs.band.T for part in (fine(given), drawn))
    assert np.abs(10 * np.log10(after / before)).mean() < 1.5


def test_breath_stays_where_no_harmonic_is():
    # Above 4 kHz there is noise alone.
    given = voice(110)
    noise = log_spectrogram(np.random.default_rng(1).normal(0, 0.05, 16000).astype(np.float32), CONFIG)
    given[:, 256:] = noise[:, 256:]
    moved = DRAWN.shift(given, 2.0)
    assert np.corrcoef(moved[10:-10, 300:].ravel(), given[10:-10, 300:].ravel())[0, 1] > 0.9


def test_one_frame_an_octave_off_is_put_right_and_frames_without_a_voice_are_left():
    found = np.array([50, 50, 146, 51, 51, 51, 7, 9, 30, 11])
    strength = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1])
    assert steady(found, strength).tolist() == [50, 50, 51, 51, 51, 51, 51, 51, 30, 11]


def test_a_pitch_that_rises_and_falls_is_followed_and_not_cut_at_its_top():
    found = np.array([40, 50, 60, 70, 60, 50, 40, 30])
    assert steady(found, np.full(8, 0.9)).tolist() == found.tolist()
    assert steady(np.where(found == 70, 166, found), np.full(8, 0.9))[3] == 60


def test_a_part_is_moved_as_the_whole_is():
    whole = voice(105, breath=0.5)
    part = DRAWN.shift(whole[20:50], 1.8)
    there = DRAWN.shift(whole, 1.8)[20:50]
    assert np.abs(part - there)[BLURRED:-BLURRED].max() < 1e-4


def test_noise_stays_as_it_is():
    noise = log_spectrogram(np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32), CONFIG)
    silent = voicing(DRAWN.track(DRAWN.log(noise))[1]) == 0
    assert silent.mean() > 0.8
    assert np.array_equal(DRAWN.shift(noise, 2.0)[silent], noise[silent])
