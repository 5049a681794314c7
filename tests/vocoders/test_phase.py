"""The built-in vocoders give back what was analysed, and keep the magnitudes that they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, compress, stft
from styleshift.hooks.options import build_config
from styleshift.hooks.records import Vocoder
from styleshift.hooks.registry import load_registry

CONFIG = SpectrogramConfig(sample_rate=16000, frame_length=512, hop_length=128, fft_length=512)
SAMPLES = 16000


def vocoder(name: str, **options: object) -> Vocoder:
    spec = load_registry().vocoders.get(name)
    return spec.build(build_config(spec.config, options, name), CONFIG, "cpu")


def music(seed: int = 0) -> np.ndarray:
    """Two channels of decaying notes: ``[2, SAMPLES]``."""
    time = np.arange(SAMPLES) / CONFIG.sample_rate
    random = np.random.default_rng(seed)
    notes = [
        np.sin(2 * np.pi * pitch * time + phase) * np.exp(-5 * ((time * 4 + phase) % 1))
        for pitch, phase in zip(random.uniform(100, 4000, 8), random.uniform(0, 1, 8), strict=True)
    ]
    return np.stack([sum(notes[:5]), sum(notes[3:])]).astype(np.float32) * 0.1


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Log-spectral distance in dB over the loudest 50 dB, by scipy's transform."""
    transform = ShortTimeFFT(hann(512, sym=False), 128, CONFIG.sample_rate)
    a, b = (np.abs(transform.stft(signal)) for signal in (first, second))
    heard = a > a.max() * 10 ** (-50 / 20)
    return float(np.sqrt(np.mean((20 * np.log10((a[heard] + 1e-6) / (b[heard] + 1e-6))) ** 2)))


@pytest.mark.parametrize("name", ["source-phase", "griffin-lim"])
def test_an_unchanged_spectrogram_gives_the_source(name: str) -> None:
    sound = music()
    source = stft(sound, CONFIG)
    found = vocoder(name)(compress(np.abs(source), CONFIG), source, SAMPLES)
    assert found.shape == sound.shape
    assert found.dtype == np.float32
    error = np.sum((found - sound) ** 2) / np.sum(sound**2)
    assert 10 * np.log10(error) < -100


@pytest.mark.parametrize(("name", "most"), [("griffin-lim", 4.0), ("pghi", 6.0)])
def test_other_magnitudes_are_met(name: str, most: float) -> None:
    """The magnitudes of one piece, the phase of another."""
    wanted = music(1)
    source = stft(music(0), CONFIG)
    log_magnitude = compress(np.abs(stft(wanted, CONFIG)), CONFIG)
    found = vocoder(name)(log_magnitude, source, SAMPLES)
    assert distance(wanted, found) < most


@pytest.mark.parametrize("name", ["source-phase", "griffin-lim"])
def test_an_equaliser_is_met_with_the_phase_of_the_source(name: str) -> None:
    """What most of a change of timbre is: other weights for the partials that are there."""
    source = stft(music(), CONFIG)
    gain = np.exp(np.sin(np.arange(CONFIG.bins) / 20)).astype(np.float32)
    found = vocoder(name)(compress(np.abs(source) * gain, CONFIG), source, SAMPLES)
    wanted = np.fft.irfft(
        np.fft.rfft(music()) * np.interp(np.arange(8001), np.arange(257) * 8000 / 256, gain)
    )
    assert distance(wanted, found) < 1.5


def test_more_rounds_come_nearer() -> None:
    wanted = music(1)
    source = stft(music(0), CONFIG)
    log_magnitude = compress(np.abs(stft(wanted, CONFIG)), CONFIG)
    near = [
        distance(wanted, vocoder("griffin-lim", iterations=rounds)(log_magnitude, source, SAMPLES))
        for rounds in (0, 2, 16)
    ]
    assert near[0] > near[1] > near[2]


@pytest.mark.parametrize("name", ["griffin-lim", "pghi"])
def test_no_source_is_needed(name: str) -> None:
    wanted = music(1)
    log_magnitude = compress(np.abs(stft(wanted, CONFIG)), CONFIG)
    found = vocoder(name)(log_magnitude, None, SAMPLES)
    assert found.shape == wanted.shape
    assert distance(wanted, found) < 8


def test_source_phase_says_what_it_needs() -> None:
    with pytest.raises(ConfigError, match="needs a recording"):
        vocoder("source-phase")(np.zeros((1, 10, CONFIG.bins), np.float32), None, 1000)


@pytest.mark.parametrize("name", ["source-phase", "griffin-lim", "pghi"])
def test_silence_stays_silent(name: str) -> None:
    silence = np.zeros((1, 40, CONFIG.bins), np.float32)
    assert not vocoder(name)(silence, silence.astype(np.complex64), 39 * 128).any()


@pytest.mark.parametrize("options", [{"iterations": -1}, {"iterations": 1001}, {"momentum": 2.5}])
def test_options_are_checked(options: dict[str, float]) -> None:
    for name in ("griffin-lim", "pghi"):
        with pytest.raises(ConfigError, match=next(iter(options))):
            vocoder(name, **options)


def test_unknown_options_are_named() -> None:
    with pytest.raises(ConfigError, match="rounds"):
        vocoder("griffin-lim", rounds=3)
