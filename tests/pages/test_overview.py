"""How a whole recording looks, against the spectrogram that has all of it at once."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.pages.overview import Overview
from styleshift.pages.picture import Axes, log_frequency
from styleshift.pages.player import wave_path

RATE = 22050


def glide(seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * (200 + 50 * time) * time)).astype(np.float32)


@pytest.mark.parametrize("block", [777, 30_000, 10_000_000])
def test_pieces_make_the_same_picture_as_the_whole(block: int) -> None:
    wave = glide(20)
    overview = Overview(len(wave), RATE, high_hz=16000)
    for start in range(0, len(wave), block):
        overview.push(wave[start : start + block])
    picture = overview.finish()
    whole = log_frequency(wave, RATE)
    assert picture.axes == whole.axes
    # Away from the ends, where the one reflects and the other is silent. A frame may fall into the next
    # column.
    inner = np.s_[:, 10:-10]
    ridge, wanted = picture.decibels[inner], whole.decibels[inner]
    assert np.abs(ridge.argmax(axis=0) - wanted.argmax(axis=0)).max() <= 2
    assert np.abs(ridge.max(axis=0) - wanted.max(axis=0)).max() < 0.5
    assert np.abs(ridge - wanted).mean() < 0.5


def test_the_waveform_has_the_extremes_of_each_column() -> None:
    wave = np.random.default_rng(0).uniform(-1, 1, 7211).astype(np.float32)
    overview = Overview(len(wave), RATE, width=100, high_hz=16000)
    for start in range(0, len(wave), 333):
        overview.push(wave[start : start + 333])
    column = np.arange(len(wave)) * 100 // len(wave)
    assert overview.high == pytest.approx([wave[column == index].max() for index in range(100)])
    assert overview.low == pytest.approx([wave[column == index].min() for index in range(100)])


def test_a_long_recording_is_seen_where_its_music_is() -> None:
    """Twenty minutes, of which one is a tone: moments far apart are enough to show it."""
    overview = Overview(20 * 60 * RATE, RATE, high_hz=16000)
    minute = np.zeros(60 * RATE, np.float32)
    tone = np.sin(2 * np.pi * 1000 * np.arange(60 * RATE) / RATE).astype(np.float32)
    for index in range(20):
        overview.push(tone if index == 7 else minute)
    loud = np.flatnonzero(overview.finish().decibels.max(axis=0) > -20)
    assert (loud[0], loud[-1]) == (pytest.approx(7 * 36, abs=1), pytest.approx(8 * 36, abs=1))


@pytest.mark.parametrize("said", [50, 200])
def test_a_header_that_counts_wrongly_harms_nothing(said: int) -> None:
    overview = Overview(said, RATE, width=40, high_hz=16000)
    overview.push(np.ones(100, np.float32))
    assert overview.finish().decibels.shape == (256, 40)
    assert overview.high[0] == 1


def test_marks_of_an_hour_are_minutes_and_few() -> None:
    ticks, unit = Axes(50, 8000, 3600).time_ticks()
    assert unit == "minutes"
    assert [tick.label for tick in ticks] == ["0", "10", "20", "30", "40", "50", "60"]
    assert Axes(50, 8000, 5).time_ticks()[1] == "seconds"


def test_a_waveform_goes_up_and_comes_back_below() -> None:
    path = wave_path(np.array([-1, -0.5]), np.array([1, 0.5]), width=20, height=10)
    assert path == "M0.0 -5.5L10.0 -3.0L10.0 3.0L0.0 5.5Z"
