"""Spectrograms as pictures: colours, axes and the PNG file itself."""

from __future__ import annotations

import numpy as np
import pytest
from html_pages import pixels

from styleshift.pages.picture import LOWEST_HZ, log_frequency, palette, png


def test_png_gives_back_its_pixels() -> None:
    indices = np.random.default_rng(0).integers(0, 256, (13, 31), dtype=np.uint8)
    found, colours = pixels(png(indices))
    np.testing.assert_array_equal(found, indices)
    np.testing.assert_array_equal(colours, palette())


def test_colours_are_magma() -> None:
    # matplotlib's own table at 0, 64, 128, 192, 255; the polynomial is within 2 % of it.
    expected = {
        0: (0.001462, 0.000466, 0.013866),
        64: (0.316654, 0.071690, 0.485380),
        128: (0.716387, 0.214982, 0.475290),
        192: (0.986700, 0.535582, 0.382210),
        255: (0.987053, 0.991438, 0.749504),
    }
    for index, colour in expected.items():
        np.testing.assert_allclose(palette()[index] / 255, colour, atol=0.025)
    lightness = palette() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) >= -0.3).all(), "darker must never mean louder"


@pytest.mark.parametrize("hertz", [150.0, 440.0, 3000.0])
def test_a_tone_is_a_line_at_its_frequency_and_level(hertz: float) -> None:
    time = np.arange(2 * 22050) / 22050
    spectrum = log_frequency((0.1 * np.sin(2 * np.pi * hertz * time)).astype(np.float32), 22050)
    middle = spectrum.decibels[:, 100:-100].mean(axis=1)
    row = int(middle.argmax())
    found = spectrum.axes.high_hz * (LOWEST_HZ / spectrum.axes.high_hz) ** (row / (len(middle) - 1))
    assert found == pytest.approx(hertz, rel=0.04)
    assert spectrum.axes.height_of(hertz) == pytest.approx(row / (len(middle) - 1), abs=0.01)
    assert middle[row] == pytest.approx(-20, abs=1.5)
    assert spectrum.axes.seconds == pytest.approx(2)


def test_a_clip_shorter_than_the_picture_is_wide() -> None:
    assert log_frequency(np.zeros(300, np.float32), 22050).decibels.shape == (256, 720)
