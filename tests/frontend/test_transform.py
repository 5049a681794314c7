from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, istft, log_spectrogram, stft

CONFIGS = [
    SpectrogramConfig(),
    SpectrogramConfig(frame_length=1024, hop_length=256, fft_length=1024),
    SpectrogramConfig(frame_length=512, hop_length=128, fft_length=2048, window="hamming"),
    SpectrogramConfig(frame_length=400, hop_length=160, fft_length=512, center=False),
    SpectrogramConfig(frame_length=675, hop_length=77, fft_length=675, window="blackman"),
    SpectrogramConfig(frame_length=997, hop_length=250, fft_length=997),
    SpectrogramConfig(frame_length=300, hop_length=33, fft_length=858, window="gaussian"),
    SpectrogramConfig(frame_length=402, hop_length=100, fft_length=402, window="sqrt_hann"),
    SpectrogramConfig(frame_length=2, hop_length=1, fft_length=2),
    SpectrogramConfig(frame_length=7, hop_length=3, fft_length=9, window="rectangular", center=False),
    SpectrogramConfig(frame_length=48, hop_length=5, fft_length=48),
    SpectrogramConfig(frame_length=2025, hop_length=400, fft_length=2025),
    SpectrogramConfig(frame_length=600, hop_length=150, fft_length=729),
    # Frames one by one: a last tile of four rows of sixteen; and 32 times 67, which cannot be done so.
    SpectrogramConfig(frame_length=640, hop_length=160, fft_length=640),
    SpectrogramConfig(frame_length=2144, hop_length=536, fft_length=2144),
]


def decibels(error: NDArray[np.floating], signal: NDArray[np.floating]) -> float:
    return float(
        10
        * np.log10((1e-300 + np.sum(np.square(error, dtype=float))) / np.sum(np.square(signal, dtype=float)))
    )


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.frame_length}-{c.hop_length}-{c.fft_length}")
def test_stft_is_that_of_scipy(
    config: SpectrogramConfig, noise: NDArray[np.float32], reference: SimpleNamespace, variant: str
) -> None:
    got = stft(noise, config)
    assert got.dtype == np.complex64
    for channel, spectrum in zip(noise, got, strict=True):
        exact = reference.stft(channel, config)
        assert spectrum.shape == exact.shape
        assert np.abs(spectrum - exact).max() < 1e-6 * np.abs(exact).max()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.frame_length}-{c.hop_length}-{c.fft_length}")
def test_istft_inverts(config: SpectrogramConfig, noise: NDArray[np.float32], variant: str) -> None:
    back = istft(stft(noise, config), config, length=noise.shape[-1])
    # Without centring, the first and last samples are under no window or hardly any.
    edge = 0 if config.center and config.frame_length <= config.fft_length else 2 * config.frame_length
    inner = slice(edge, noise.shape[-1] - edge)
    assert decibels((back - noise)[:, inner], noise[:, inner]) < -110


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.frame_length}-{c.hop_length}-{c.fft_length}")
def test_istft_of_any_spectrum_is_the_least_squares_one(
    config: SpectrogramConfig, reference: SimpleNamespace, variant: str
) -> None:
    rng = np.random.default_rng(3)
    shape = (21, config.bins)
    spectrum = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)
    length = 20 * config.hop_length
    exact = reference.istft(spectrum, config, length)
    got = istft(spectrum, config, length=length)
    # Where the windows leave little of a sample, the solution and its rounding are large alike.
    assert np.abs(got - exact).max() < 1e-4 * np.abs(exact).max()
    assert decibels(got - exact, exact) < -100


def test_frames_longer_than_the_fft_are_cropped_at_their_end() -> None:
    """As tf.signal.stft(x, 615, 205, 512) does: an impulse past point 512 of the frame is not seen."""
    config = SpectrogramConfig(center=False)
    x = np.zeros(615, np.float32)
    x[511] = 1.0
    assert np.abs(stft(x, config)).max() > 0.1
    x = np.zeros(615, np.float32)
    x[512] = 1.0
    assert np.abs(stft(x, config)).max() == 0.0


def test_a_sine_has_half_the_windows_sum(variant: str) -> None:
    config = SpectrogramConfig(frame_length=1024, hop_length=256, fft_length=1024, center=False)
    x = np.sin(2 * np.pi * 100 / 1024 * np.arange(4096))
    peak = np.abs(stft(x, config))[3, 100]
    assert peak == pytest.approx(1024 / 4, rel=1e-6)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("compression", ["log1p", "log", "none"])
def test_log_spectrogram(
    compression: str, power: int, noise: NDArray[np.float32], reference: SimpleNamespace, variant: str
) -> None:
    config = SpectrogramConfig(compression=compression, gain=2.5, floor=1e-3)  # type: ignore[arg-type]
    m = np.abs(reference.stft(noise[0], config)) ** power
    exact = {"log1p": np.log1p(2.5 * m), "log": np.log(np.maximum(m, 1e-3)), "none": m}[compression]
    exact = (exact - 0.7) / 1.9
    got = log_spectrogram(noise[0], config, power=power, mean=0.7, scale=1.9)
    assert got.dtype == np.float32
    scale = np.abs(exact).max()
    # ln of a bin near the floor magnifies the spectrum's rounding, which is relative to the peak.
    tolerance = 2e-3 if compression == "log" else 2e-6 * scale
    np.testing.assert_allclose(got, exact, rtol=0, atol=tolerance)
    half = log_spectrogram(noise[0], config, dtype=np.float16, power=power, mean=0.7, scale=1.9)
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half, got.astype(np.float16))


@pytest.mark.parametrize(("mean", "scale"), [(0.7, 1.0), (0.0, 1.9)])
@pytest.mark.parametrize("fft_length", [512, 500, 625])
def test_mean_and_scale_each_count_alone(
    fft_length: int, mean: float, scale: float, noise: NDArray[np.float32], variant: str
) -> None:
    config = SpectrogramConfig(frame_length=500, hop_length=125, fft_length=fft_length)
    expected = (log_spectrogram(noise, config) - mean) / scale
    got = log_spectrogram(noise, config, mean=mean, scale=scale)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)


def test_half_precision_rounds_as_numpy_does(variant: str) -> None:
    config = SpectrogramConfig(frame_length=64, hop_length=16, fft_length=64, compression="none")
    rng = np.random.default_rng(0)
    for exponent in (-8, -5, -2, 0, 3, 5):  # subnormal halves to infinity
        x = rng.standard_normal(2000) * 10.0**exponent
        with np.errstate(over="ignore"):
            expected = log_spectrogram(x, config).astype(np.float16)
        np.testing.assert_array_equal(log_spectrogram(x, config, dtype=np.float16), expected)


def test_sample_types_strides_and_leading_axes(noise: NDArray[np.float32]) -> None:
    config = SpectrogramConfig()
    integers = np.round(noise * 20000).astype(np.int16)
    floats = (integers / 32768).astype(np.float32)
    expected = stft(floats, config)
    np.testing.assert_array_equal(stft(integers, config), expected)
    np.testing.assert_array_equal(stft(floats.astype(np.float64), config), expected)
    np.testing.assert_array_equal(stft(floats.astype(">f4"), config), expected)
    np.testing.assert_array_equal(stft(np.asfortranarray(floats), config), expected)
    np.testing.assert_array_equal(stft(np.repeat(floats, 3, axis=1)[:, ::3], config), expected)
    np.testing.assert_array_equal(stft(floats[:, ::-1].copy()[:, ::-1], config), expected)
    frozen = floats.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(stft(frozen, config), expected)
    np.testing.assert_array_equal(stft(floats.reshape(1, 2, 1, -1), config)[0, :, 0], expected)
    np.testing.assert_array_equal(stft(floats[0], config), expected[0])
    np.testing.assert_array_equal(stft(floats[0].tolist(), config), expected[0])


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 5000), (1,), (3, 4)])
def test_short_and_empty_signals(shape: tuple[int, ...]) -> None:
    for center in (True, False):
        config = SpectrogramConfig(center=center)
        frames = config.frames(shape[-1])
        spectrum = stft(np.zeros(shape, np.float32), config)
        assert spectrum.shape == (*shape[:-1], frames, config.bins)
        assert istft(spectrum, config, length=9).shape == (*shape[:-1], 9)
        assert log_spectrogram(np.zeros(shape), config).shape == spectrum.shape


def test_lengths_of_the_inverse(noise: NDArray[np.float32]) -> None:
    for center in (True, False):
        config = SpectrogramConfig(frame_length=64, hop_length=16, fft_length=64, center=center)
        spectrum = stft(noise, config)
        default = istft(spectrum, config)
        assert default.shape[-1] == (spectrum.shape[-2] - 1) * 16 + (0 if center else 64)
        longer = istft(spectrum, config, length=7000)
        np.testing.assert_array_equal(longer[:, : default.shape[-1]][:, :-64], default[:, :-64])
        assert not longer[:, 6100:].any()


def test_threads_do_not_change_a_bit(noise: NDArray[np.float32], variant: str) -> None:
    x = np.tile(noise, 12)
    for config in (
        SpectrogramConfig(),
        SpectrogramConfig(frame_length=50, hop_length=7, fft_length=64),
        SpectrogramConfig(frame_length=135, hop_length=20, fft_length=135),
    ):
        spectrum = stft(x, config, threads=1)
        samples = istft(spectrum, config, threads=1)
        for threads in (2, 3, 8, None):
            assert stft(x, config, threads=threads).tobytes() == spectrum.tobytes()
            assert istft(spectrum, config, threads=threads).tobytes() == samples.tobytes()


def test_results_past_the_caches_are_the_same(noise: NDArray[np.float32], variant: str) -> None:
    """Above 16 MiB results are stored in another way."""
    config = SpectrogramConfig(frame_length=256, hop_length=64, fft_length=250)
    x = np.tile(noise[:1], (1, 200))
    whole = stft(x, config)
    assert whole.nbytes > 17 << 20
    part = stft(x[:, :100_000], config)
    assert whole[:, :1500].tobytes() == part[:, :1500].tobytes()
    half = log_spectrogram(x, config, dtype=np.float16, out=np.zeros(whole.shape, np.float16))
    some = log_spectrogram(x[:, :100_000], config, dtype=np.float16)
    assert half[:, :1500].tobytes() == some[:, :1500].tobytes()


def test_results_go_where_the_caller_wants_them(noise: NDArray[np.float32]) -> None:
    config = SpectrogramConfig()
    spectrum = stft(noise, config)
    for function, value, dtype in (
        (stft, noise, np.complex64),
        (istft, spectrum, np.float32),
        (log_spectrogram, noise, np.float32),
    ):
        expected = function(value, config)
        out = np.empty(expected.shape, dtype)
        assert function(value, config, out=out) is out
        np.testing.assert_array_equal(out, expected)
        with pytest.raises(ConfigError, match="out is"):
            function(value, config, out=out[:, :-1])
        with pytest.raises(ConfigError, match="out must be writable and contiguous"):
            function(value, config, out=np.empty(expected.shape[::-1], dtype).T)


def test_not_a_number_stays_in_its_frames() -> None:
    config = SpectrogramConfig(frame_length=64, hop_length=16, fft_length=64)
    x = np.zeros(4000, np.float32)
    x[1000] = np.nan
    y = log_spectrogram(x, config)
    bad = np.isnan(y).any(axis=-1)
    touched = [t for t in range(len(y)) if t * 16 - 32 <= 1000 < t * 16 + 32]
    assert np.flatnonzero(bad).tolist() == touched


def test_wrong_arguments_are_named() -> None:
    config = SpectrogramConfig()
    x = np.zeros(1000, np.float32)
    spectrum = stft(x, config)
    for call, words in [
        (lambda: stft(x.astype(np.int32), config), "samples is int32; it must be float32, float64 or int16"),
        (lambda: stft(x.astype(np.complex64), config), "samples is complex64"),
        (lambda: stft(np.float32(1.0), config), "samples is a single number"),
        (lambda: stft(x, {"hop_length": 3}), "config is a dict; it must be a SpectrogramConfig"),  # type: ignore[arg-type]
        (lambda: stft(x, config, threads=0), "threads is 0; it must be a whole number from 1"),
        (lambda: stft(x, config, threads=True), "threads is True"),
        (
            lambda: istft(spectrum[:, :-1], config),
            r"spectrum has shape \(5, 256\); it must be \[..., frames, 257\]",
        ),
        (lambda: istft(spectrum, config, length=-1), "length is -1"),
        (lambda: istft(spectrum, config, length=1.5), "length is 1.5"),  # type: ignore[arg-type]
        (
            lambda: log_spectrogram(x, config, dtype=np.float64),
            "dtype is float64; it must be float32 or float16",
        ),
        (lambda: log_spectrogram(x, config, power=3), "power is 3; it must be 1"),
        (lambda: log_spectrogram(x, config, scale=0), "scale is 0; it must be a finite number other than 0"),
        (lambda: log_spectrogram(x, config, mean=np.inf), "mean is inf; it must be a finite number"),
    ]:
        with pytest.raises(ConfigError, match=words) as caught:
            call()
        assert isinstance(caught.value, ValueError)
