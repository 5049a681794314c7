from __future__ import annotations

import math

import numpy as np
import pytest

from styleshift.corpus.levels import scale_log_magnitude, scaling_table
from styleshift.frontend import SpectrogramConfig, log_spectrogram

CONFIGS = [
    SpectrogramConfig(compression="log1p", gain=10.0),
    SpectrogramConfig(compression="log1p"),
    SpectrogramConfig(compression="none"),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.compression}-{config.gain}")
@pytest.mark.parametrize("gain", [0.03, 0.5, 1.0, 7.0])
def test_scaling_a_spectrogram_is_scaling_the_waveform(config: SpectrogramConfig, gain: float) -> None:
    wave = np.random.default_rng(0).standard_normal(20_500).astype(np.float32) * 0.05
    scaled = scale_log_magnitude(log_spectrogram(wave, config), gain, config)
    np.testing.assert_allclose(scaled, log_spectrogram(wave * np.float32(gain), config), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("gain", [0.1, 10.0])
def test_log_compression_is_shifted_and_its_floor_stays(gain: float) -> None:
    config = SpectrogramConfig(compression="log", floor=1e-4)
    floor = math.log(1e-4)
    values = np.array([floor, 0.0, 2.5, floor + 1.0])
    scaled = scale_log_magnitude(values, gain, config)
    expected = [floor, math.log(gain), 2.5 + math.log(gain), max(floor, floor + 1.0 + math.log(gain))]
    np.testing.assert_allclose(scaled, expected)
    # The floor rounded to float16 is still the floor.
    assert scale_log_magnitude(np.array([np.float16(floor)]), 10.0, config)[0] == pytest.approx(floor)


@pytest.mark.parametrize("config", [*CONFIGS, SpectrogramConfig(compression="log")])
def test_the_table_is_the_function_on_every_float16(config: SpectrogramConfig) -> None:
    table = scaling_table(0.3, config)
    values = np.concatenate([np.linspace(-11, 14, 5001), [0.0, 1e-7, 6e-5]]).astype(np.float16)
    if config.compression != "log":
        values = values[values >= 0]
    expected = scale_log_magnitude(values, 0.3, config).astype(np.float32)
    np.testing.assert_array_equal(table[values.view(np.uint16)], expected)
    assert np.isfinite(table).all()
