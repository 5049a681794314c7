from __future__ import annotations

import numpy as np
import pytest
from styleshift_phase import AdmmOptions, AglaOptions
from styleshift_phase.vocoder import admm, agla, to_consistent, to_magnitude

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, compress, griffin_lim, stft
from styleshift.testing import check_plugin, check_vocoder

CONFIG = SpectrogramConfig()


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    """Two seconds of three decaying harmonic tones over a little noise, ``[1, samples]``."""
    rate = CONFIG.sample_rate
    time = np.arange(2 * rate) / rate
    audio = 0.003 * np.random.default_rng(1).standard_normal(len(time))
    for start, pitch in ((0.0, 220.0), (0.5, 277.2), (1.1, 329.6)):
        since = np.maximum(time - start, 0)
        for harmonic in range(1, 12):
            audio += (
                (time >= start)
                * np.exp(-3 * since)
                * np.sin(2 * np.pi * pitch * harmonic * since)
                / harmonic
                / 5
            )
    return audio.astype(np.float32)[None]


@pytest.fixture(scope="module")
def size(music) -> np.ndarray:
    return np.abs(stft(music, CONFIG))


@pytest.fixture(scope="module")
def random_start(size) -> np.ndarray:
    turns = np.random.default_rng(0).random(size.shape)
    return (size * np.exp(2j * np.pi * turns)).astype(np.complex64)


def error(spectrum: np.ndarray, size: np.ndarray) -> float:
    """Spectral convergence in dB: how far the magnitudes that come back are from those wanted."""
    made = np.abs(to_consistent(spectrum, CONFIG))
    return 20 * float(np.log10(np.linalg.norm(made - size) / np.linalg.norm(size)))


def fast_griffin_lim(size: np.ndarray, start: np.ndarray, rounds: int, momentum: float) -> float:
    audio = griffin_lim(size, CONFIG, iterations=rounds, momentum=momentum, initial_phase=start)
    return error(stft(audio, CONFIG), size)


def accelerated(size, start, rounds, **more):
    return agla(size, start, CONFIG, iterations=rounds, **({"alpha": 1.0, "beta": 1.1, "gamma": 1.25} | more))


@pytest.mark.parametrize("name", ["agla", "admm"])
def test_it_keeps_the_contract_of_vocoders(name):
    check_vocoder(check_plugin("styleshift_phase").vocoders.get(name))


@pytest.mark.parametrize(("rounds", "least"), [(8, 2.5), (16, 3.5)])
def test_both_beat_plain_griffin_lim_in_as_many_rounds(size, random_start, rounds, least):
    plain = fast_griffin_lim(size, random_start, rounds, 0.0)
    assert error(accelerated(size, random_start, rounds), size) < plain - least
    assert error(admm(size, random_start, CONFIG, iterations=rounds, rho=0.2), size) < plain - least


def test_more_rounds_come_closer(size, random_start):
    for search in (
        lambda rounds: accelerated(size, random_start, rounds),
        lambda rounds: admm(size, random_start, CONFIG, iterations=rounds, rho=0.2),
    ):
        errors = [error(search(rounds), size) for rounds in (0, 4, 16, 64)]
        assert errors == sorted(errors, reverse=True)


def test_the_true_phase_is_a_fixed_point(music, size):
    truth = stft(music, CONFIG)
    for found in (accelerated(size, truth, 10), admm(size, truth, CONFIG, iterations=10, rho=0.2)):
        assert np.abs(found - truth).max() < 1e-3 * size.max()


def test_the_magnitude_is_kept_exactly(size, random_start):
    for found in (
        accelerated(size, random_start, 5),
        admm(size, random_start, CONFIG, iterations=5, rho=0.2),
    ):
        np.testing.assert_allclose(np.abs(found), size, rtol=1e-4, atol=1e-5 * size.max())


def test_with_gamma_1_agla_is_fast_griffin_lim(size, random_start):
    """Against the front end's own, which is another implementation of the same equations."""
    mine = error(accelerated(size, random_start, 12, alpha=0.99, gamma=1.0), size)
    assert mine == pytest.approx(fast_griffin_lim(size, random_start, 12, 0.99), abs=0.5)


def test_with_no_momentum_agla_is_griffin_lim(size, random_start):
    wanted = random_start
    for _ in range(6):
        wanted = to_magnitude(size, to_consistent(wanted, CONFIG))
    found = accelerated(size, random_start, 6, alpha=0.0, gamma=1.0)
    np.testing.assert_allclose(found, wanted, atol=1e-3 * size.max())


def test_admm_with_a_great_rho_stays_at_its_start(size, random_start):
    found = admm(size, random_start, CONFIG, iterations=5, rho=100)
    assert error(found, size) == pytest.approx(error(random_start, size), abs=1.5)


@pytest.mark.parametrize("name", ["agla", "admm"])
def test_without_a_source_and_from_pghi_are_the_same(music, size, name):
    spec = check_plugin("styleshift_phase").vocoders.get(name)
    log_magnitude, source = compress(size, CONFIG), stft(music, CONFIG)
    without = spec.build(spec.config(), CONFIG, "cpu")(log_magnitude, None, music.shape[1])
    pghi = spec.build(spec.config(start="pghi"), CONFIG, "cpu")(log_magnitude, source, music.shape[1])
    with_source = spec.build(spec.config(), CONFIG, "cpu")(log_magnitude, source, music.shape[1])
    np.testing.assert_array_equal(without, pghi)
    np.testing.assert_allclose(with_source, music, atol=2e-3)  # the source's phase is the true one here
    assert np.abs(without - music).max() > 0.05


def test_music_comes_back_over_a_source_that_is_silent(music, size):
    spec = check_plugin("styleshift_phase").vocoders.get("agla")
    silent = np.zeros_like(stft(music, CONFIG))
    made = spec.build(spec.config(), CONFIG, "cpu")(compress(size, CONFIG), silent, music.shape[1])
    assert error(stft(made, CONFIG), size) < -8


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (AglaOptions, {"iterations": -1}),
        (AglaOptions, {"gamma": 3.0}),
        (AdmmOptions, {"rho": 0.0}),
        (AdmmOptions, {"iterations": 5000}),
    ],
)
def test_options_out_of_range_are_named(options, wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        options(**wrong)


def test_the_inverse_of_the_front_end_is_what_is_projected_with(music):
    spectrum = stft(music, CONFIG)
    np.testing.assert_allclose(to_consistent(spectrum, CONFIG), spectrum, atol=1e-3)
    assert to_consistent(spectrum[:, :1], CONFIG).shape == (1, 1, CONFIG.bins)
    uncentred = SpectrogramConfig(center=False)
    spectrum = stft(music, uncentred)
    np.testing.assert_allclose(to_consistent(spectrum, uncentred), spectrum, atol=1e-3)


@pytest.mark.parametrize("name", ["admm", "agla"])
def test_a_recording_is_converted_with_it(name, tiny_bundle, tiny_library, tmp_path, use_plugin):
    import soundfile

    from styleshift import load_model

    use_plugin("styleshift_phase")
    audio, rate = soundfile.read(tiny_library / "mono.ogg", dtype="float32", always_2d=True)
    made = load_model(tiny_bundle, vocoder=name, vocoder_options={"iterations": 4}).convert(audio, rate)
    assert made.shape == audio.shape
    assert 0.5 < made.std() / audio.std() < 2
