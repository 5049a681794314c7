"""How much of a change is kept: none of it, to the last sample; all of it, to the last bit; or a part.

Of styleshift.conversion.track.restyle and .converter.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

import styleshift
from styleshift.bundle.load import load_bundle
from styleshift.conversion.settings import ConvertSettings, checked
from styleshift.conversion.track.convert import convert_samples
from styleshift.conversion.track.load import load_converter
from styleshift.conversion.track.restyle import scale_change
from styleshift.errors import ConfigError

RATE = 44100


@pytest.fixture(scope="module")
def file(models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that makes every other kHz quieter."""
    change = np.where(np.arange(models.SMALL.bins) % 64 < 32, -0.4, 0.0)
    return models.make_model(tmp_path_factory.mktemp("model") / "m.onnx", change=change)


def music(seconds: float = 2.0) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((int(seconds * RATE), 2))
    return (0.1 * noise).astype(np.float32)


def converted(file: Path, samples: np.ndarray, strength: float | None) -> np.ndarray:
    settings = ConvertSettings(strength=strength, vocoder="source-phase", runtime="onnxruntime", device="cpu")
    return convert_samples(load_converter(load_bundle(file), settings, 1)[0], samples, RATE)


def band_level(samples: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(samples, axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(10 * np.log10(power[(hertz > low) & (hertz < high)].sum()))


@pytest.mark.parametrize("vocoder", ["griffin-lim", "source-phase", "pghi"])
def test_none_gives_the_source_back(file: Path, tmp_path: Path, vocoder: str) -> None:
    soundfile.write(tmp_path / "a.wav", music(), RATE, "FLOAT")
    model = styleshift.load_model(file, strength=0, vocoder=vocoder, runtime="onnxruntime", device="cpu")
    styleshift.convert_file(tmp_path / "a.wav", tmp_path / "b.wav", model)
    found = soundfile.read(tmp_path / "b.wav")[0]
    error = np.sum((found - music()) ** 2) / np.sum(music() ** 2)
    assert error < 10 ** (-100 / 10)


def test_all_is_as_if_nobody_had_asked(file: Path) -> None:
    np.testing.assert_array_equal(converted(file, music(), 1.0), converted(file, music(), None))


def test_a_part_of_the_change_is_that_part(file: Path) -> None:
    """Loudness is matched, so the bands that fall are held against those that stay."""

    def fall(samples: np.ndarray) -> float:
        return band_level(samples, 1200, 1800) - band_level(samples, 2200, 2800)

    plain = fall(music())
    full = fall(converted(file, music(), 1.0)) - plain
    assert full > 5
    for strength in (0.25, 0.5, 1.5):
        # Within what the curve of log1p makes of it.
        part = fall(converted(file, music(), strength)) - plain
        assert part == pytest.approx(strength * full, rel=0.3)


def test_a_model_may_ask_for_less_of_itself(file: Path, models: ModuleType, tmp_path: Path) -> None:
    props = replace(models.metadata(), strength=0.0).to_props()
    shy = models.make_model(tmp_path / "shy.onnx", change=np.full(models.SMALL.bins, -1.0), props=props)
    np.testing.assert_array_equal(converted(shy, music(), None), music())
    assert np.abs(converted(shy, music(), 1.0) - music()).max() > 0.001


def test_the_way_is_measured_on_the_logarithm() -> None:
    before, after = np.float32([[2.0, 3.0]]), np.float32([[3.0, 1.0]])
    np.testing.assert_allclose(scale_change(before, after, 0.25, 0.0), [[2.25, 2.5]])
    np.testing.assert_allclose(scale_change(before, after, 1.5, 0.0), [[3.5, 0.0]])


def test_nothing_falls_below_silence() -> None:
    before, after = np.full((2, 3), 1.0, np.float32), np.zeros((2, 3), np.float32)
    np.testing.assert_array_equal(scale_change(before, after, 1.5, 0.0), 0)
    np.testing.assert_allclose(scale_change(before, after, 1.5, -11.5), -0.5)


@pytest.mark.parametrize("wrong", [-0.1, 1.6, float("nan")])
def test_strengths_that_there_are_not(wrong: float) -> None:
    with pytest.raises(ConfigError, match="strength is"):
        checked(ConvertSettings(strength=wrong))
