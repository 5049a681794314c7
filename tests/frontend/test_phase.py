from typing import Any

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, griffin_lim, istft, pghi, stft

CONFIG = SpectrogramConfig(sample_rate=22050, frame_length=512, hop_length=128, fft_length=512)


@pytest.fixture(scope="module")
def music() -> NDArray[np.float32]:
    """Three seconds of plucked chords: partials that decay, and onsets."""
    rate, rng = 22050, np.random.default_rng(2)
    x = np.zeros(3 * rate)
    for start in range(0, len(x), rate // 3):
        t = np.arange(len(x) - start) / rate
        for note in rng.choice([220.0, 261.6, 329.6, 392.0, 523.3], 3, replace=False):
            for k in range(1, 9):
                x[start:] += np.sin(2 * np.pi * note * k * t) * np.exp(-4 * k**0.5 * t) / k
    return (0.1 * x).astype(np.float32)


def convergence(
    samples: NDArray[np.float32], goal: NDArray[np.float32], config: SpectrogramConfig = CONFIG
) -> float:
    """Spectral convergence, dB: the lower the better."""
    found = np.abs(stft(samples, config))
    return float(20 * np.log10(np.linalg.norm(found - goal) / np.linalg.norm(goal)))


def test_rounds_end_where_they_gain_no_more(music: NDArray[np.float32], variant: str) -> None:
    """Magnitudes that a sound has take all rounds, those that none has take fewer; each signal by itself."""
    source = stft(np.stack([music[:22050], music[22050:44100]]), CONFIG)
    goal = np.abs(source)
    goal[1] *= np.random.default_rng(0).uniform(0.3, 3.0, goal[1].shape).astype(np.float32)
    start = np.abs(source) + 0j

    def run(rows: slice, iterations: int = 32, least_gain: float = 0.0, threads: int = 1) -> Any:
        return griffin_lim(
            goal[rows],
            CONFIG,
            iterations=iterations,
            initial_phase=start[rows],
            length=22050,
            least_gain=least_gain,
            threads=threads,
        )

    both = run(slice(0, 2), least_gain=0.067)
    assert np.array_equal(both, run(slice(0, 2), least_gain=0.067, threads=3))
    rounds = [
        [count for count in range(4, 33, 4) if np.array_equal(both[row], run(slice(row, row + 1), count)[0])]
        for row in (0, 1)
    ]
    assert rounds[0] == [32]
    assert rounds[1][0] in (8, 12, 16, 20)
    assert convergence(both[1], goal[1]) < convergence(run(slice(1, 2))[0], goal[1]) + 0.5


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_griffin_lim_is_librosas(momentum: float, music: NDArray[np.float32], variant: str) -> None:
    """From the same phases, the same convergence; from random ones both scatter by a decibel or two.

    Not the same bits: quiet bins' phases amplify every rounding.
    """
    music = music[:22050]
    goal = np.abs(stft(music, CONFIG))
    ours = griffin_lim(
        goal,
        CONFIG,
        iterations=16,
        momentum=momentum,
        initial_phase=np.ones_like(goal) + 0j,
        length=len(music),
    )
    theirs = librosa.griffinlim(
        goal.T,
        n_iter=16,
        hop_length=128,
        momentum=momentum,
        length=len(music),
        init=None,
        pad_mode="constant",
    )
    assert abs(convergence(ours, goal) - convergence(theirs, goal)) < 0.01
    assert np.linalg.norm(ours - theirs) < 0.02 * np.linalg.norm(theirs)


def test_one_round_is_the_papers(music: NDArray[np.float32]) -> None:
    """c = t + momentum (t - t before), where t = STFT(iSTFT(goal * phase of c)), written out."""
    config, length = CONFIG, len(music)
    goal = np.abs(stft(music, config))
    start = stft(music[::-1].copy(), config)
    phase = start / np.maximum(np.abs(start), 1e-30)
    before = None
    for _ in range(3):
        t = stft(istft(goal * phase, config, length=length), config)
        c = t if before is None else t + 0.9 * (t - before)
        before = t
        phase = c / np.maximum(np.abs(c), 1e-30)
    expected = istft(goal * phase, config, length=length)
    for initial in (start, np.angle(start)):
        got = griffin_lim(goal, config, iterations=3, momentum=0.9, initial_phase=initial, length=length)
        assert np.abs(got - expected).max() < 1e-3 * np.abs(expected).max()


def test_true_phases_are_kept(music: NDArray[np.float32]) -> None:
    spectrum = stft(music, CONFIG)
    back = griffin_lim(np.abs(spectrum), CONFIG, iterations=4, initial_phase=spectrum, length=len(music))
    assert np.abs(back - music).max() < 1e-4


@pytest.mark.parametrize("window", ["gaussian", "hann"])
@pytest.mark.parametrize("real_time", [False, True])
def test_pghi_beats_random_phases_and_helps_griffin_lim(
    window: Any, real_time: bool, music: NDArray[np.float32]
) -> None:
    config = SpectrogramConfig(
        sample_rate=22050, frame_length=512, hop_length=64, fft_length=512, window=window
    )
    goal = np.abs(stft(music, config))
    spectrum = pghi(goal, config, real_time=real_time)
    np.testing.assert_allclose(np.abs(spectrum), goal, rtol=1e-5)
    integrated = convergence(istft(spectrum, config, length=len(music)), goal, config)
    assert integrated < -15.0  # random phases: about -3
    polished = griffin_lim(goal, config, iterations=8, initial_phase=spectrum, length=len(music))
    plain = griffin_lim(goal, config, iterations=60, momentum=0, length=len(music))
    assert convergence(polished, goal, config) < convergence(plain, goal, config)


def test_pghi_finds_the_phase_of_a_chirp() -> None:
    """Up to one constant, against the true phases, where the chirp is loud."""
    config = SpectrogramConfig(
        sample_rate=22050, frame_length=512, hop_length=64, fft_length=512, window="gaussian"
    )
    n = np.arange(20000)
    x = np.cos(0.2 * n + 2e-5 * n**2)
    true = stft(x, config)[10:-10]
    found = pghi(np.abs(stft(x, config)), config)[10:-10]
    loud = np.abs(true) > 0.1 * np.abs(true).max()
    turned = (found * np.conj(true))[loud]
    turned /= np.abs(turned)
    assert np.abs(turned.mean()) > 0.95


def test_pghi_is_a_start_for_griffin_lim(music: NDArray[np.float32]) -> None:
    goal = np.abs(stft(music, CONFIG))
    by_name = griffin_lim(goal, CONFIG, iterations=3, initial_phase="pghi", seed=4)
    by_hand = griffin_lim(goal, CONFIG, iterations=3, initial_phase=pghi(goal, CONFIG, seed=4))
    np.testing.assert_array_equal(by_name, by_hand)


def test_threads_seeds_and_shapes(music: NDArray[np.float32], variant: str) -> None:
    goal = np.abs(stft(np.stack([music, music[::-1]]), CONFIG))[:, None]
    one = griffin_lim(goal, CONFIG, iterations=3, seed=1, threads=1)
    assert one.shape == (2, 1, (goal.shape[-2] - 1) * 128)
    for threads in (2, 4, 7):
        assert griffin_lim(goal, CONFIG, iterations=3, seed=1, threads=threads).tobytes() == one.tobytes()
        assert pghi(goal, CONFIG, threads=threads).tobytes() == pghi(goal, CONFIG, threads=1).tobytes()
    assert (griffin_lim(goal, CONFIG, iterations=3, seed=2) != one).any()
    assert (griffin_lim(goal[0], CONFIG, iterations=3, seed=1, threads=1) == one[0]).all()


def test_silence_stays_silent() -> None:
    goal = np.zeros((20, CONFIG.bins), np.float32)
    assert not griffin_lim(goal, CONFIG).any()
    assert not pghi(goal, CONFIG).any()
    assert griffin_lim(goal[:0], CONFIG).shape == (0,)
    assert griffin_lim(goal[:0], CONFIG, length=7).shape == (7,)


def test_wrong_arguments_are_named() -> None:
    goal = np.zeros((4, CONFIG.bins), np.float32)
    for call, words in [
        (lambda: griffin_lim(goal[:, 1:], CONFIG), "magnitude has shape"),
        (lambda: griffin_lim(goal * 1j, CONFIG), "magnitude is complex64; it must be real"),
        (lambda: griffin_lim(goal, CONFIG, iterations=-1), "iterations is -1"),
        (lambda: griffin_lim(goal, CONFIG, momentum=3.0), "momentum is 3.0; it must be a number from 0 to 2"),
        (lambda: griffin_lim(goal, CONFIG, initial_phase="zero"), "initial_phase is 'zero'; it may be"),  # type: ignore[arg-type]
        (lambda: griffin_lim(goal, CONFIG, initial_phase=goal[:2]), "initial_phase has shape"),
        (lambda: griffin_lim(goal, CONFIG, seed=-1), "seed is -1"),
        (lambda: pghi(goal, CONFIG, tolerance=2.0), "tolerance is 2.0"),
    ]:
        with pytest.raises(ConfigError, match=words):
            call()
