"""Percussion told from harmony, against scipy's median filter and librosa's separation."""

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter

from styleshift.frontend import SpectrogramConfig, log_spectrogram, percussion
from styleshift.frontend.percussion import PercussionSplitter, running_median

CONFIG = SpectrogramConfig(
    sample_rate=22050, frame_length=1024, hop_length=256, fft_length=1024, compression="log1p", gain=1000.0
)


def band(seconds=2.0, rate=22050):
    """Two held notes and a click every quarter of a second: together, the notes, the clicks."""
    time = np.arange(int(seconds * rate)) / rate
    notes = sum(0.05 * np.sin(2 * np.pi * hertz * time) for hertz in (440, 660, 880))
    since = time % 0.25
    clicks = 0.2 * np.exp(-200 * since) * np.random.default_rng(0).standard_normal(len(time))
    return [part.astype(np.float32) for part in (notes + clicks, notes, clicks)]


@pytest.mark.parametrize("width", range(3, 36, 4))
@pytest.mark.parametrize("shape", [(40, 50), (6, 9)])
def test_running_median_is_that_of_scipy(width, shape):
    values = np.random.default_rng(width).random(shape).astype(np.float32)
    for axis, size in ((-2, (width, 1)), (-1, (1, width))):
        expected = median_filter(values, size, mode="reflect")
        assert np.array_equal(running_median(values, width, axis), expected)
        assert np.array_equal(running_median(torch.from_numpy(values), width, axis).numpy(), expected)


def test_shares_are_those_of_librosa():
    librosa = pytest.importorskip("librosa")
    magnitude = np.random.default_rng(0).random((120, 513)).astype(np.float32) ** 4
    splitter = PercussionSplitter(CONFIG)
    _, theirs = librosa.decompose.hpss(magnitude.T, kernel_size=(splitter.frames, splitter.bins), mask=True)
    assert np.abs(splitter.percussive(magnitude) - theirs.T).max() < 1e-6


def test_clicks_go_and_notes_stay():
    splitter = PercussionSplitter(CONFIG)
    both, notes, clicks = (log_spectrogram(sound, CONFIG) for sound in band())
    assert splitter.level_db(clicks) > splitter.level_db(both) > splitter.level_db(notes) + 10
    damped = splitter.damp(both, 40.0)
    assert splitter.level_db(damped) < splitter.level_db(both) - 15
    tones = notes > 0.9 * notes.max()
    assert np.median(np.abs(damped - both)[tones]) < 0.05  # natural log


def test_silence_is_not_all_drums():
    assert np.isnan(PercussionSplitter(CONFIG).level_db(np.zeros((40, CONFIG.bins), np.float32)))


def test_stretches_with_so_many_frames_around_them_join_exactly():
    splitter = PercussionSplitter(CONFIG)
    whole = log_spectrogram(band()[0], CONFIG)
    damped = splitter.damp(whole, 30.0)
    first, last = 40, 90
    part = whole[first - splitter.reach : last + splitter.reach]
    assert np.array_equal(splitter.damp(part, 30.0)[splitter.reach : -splitter.reach], damped[first:last])


def test_a_level_is_measured_in_stretches_as_of_the_whole(monkeypatch):
    splitter, whole = PercussionSplitter(CONFIG), log_spectrogram(band()[0], CONFIG)
    at_once = splitter.level_db(whole)
    monkeypatch.setattr(percussion, "_FRAMES_AT_ONCE", 40)
    assert splitter.level_db(whole) == pytest.approx(at_once, abs=1e-4)


def test_nothing_is_damped_by_no_decibels_or_in_silence():
    given = log_spectrogram(band(0.5)[0], CONFIG)
    splitter = PercussionSplitter(CONFIG)
    assert np.abs(splitter.damp(given, 0.0) - given).max() < 1e-5
    assert np.array_equal(splitter.damp(np.zeros_like(given), 30.0), np.zeros_like(given))
