"""What streams are held to beside the properties: shapes, errors, threads, memory."""

import numpy as np
import pytest
from numpy.typing import NDArray

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, StreamingInverse, StreamingSpectrogram, istft, stft


def test_types_threads_and_options(noise: NDArray[np.float32]) -> None:
    config = SpectrogramConfig()
    from styleshift.frontend import log_spectrogram

    integers = (noise * 20000).astype(np.int16)
    stream = StreamingSpectrogram(config, 2, dtype=np.float16, power=2, mean=1.0, scale=2.0, threads=2)
    got = np.concatenate(
        [stream.push(integers[:, :2500]), stream.push(integers[:, 2500:]), stream.finish()], axis=1
    )
    expected = log_spectrogram(integers, config, dtype=np.float16, power=2, mean=1.0, scale=2.0)
    assert got.dtype == np.float16
    assert got.tobytes() == expected.tobytes()


def test_frames_come_as_soon_as_they_can() -> None:
    config = SpectrogramConfig(frame_length=64, hop_length=16, fft_length=64)
    stream = StreamingSpectrogram(config, 1)
    assert stream.push(np.zeros((1, 31), np.float32)).shape == (1, 0, 33)
    assert stream.push(np.zeros((1, 1), np.float32)).shape == (1, 1, 33)
    assert stream.push(np.zeros(16, np.float32)).shape == (1, 1, 33)
    assert stream.finish().shape == (1, 2, 33)


def test_samples_come_as_soon_as_they_can(noise: NDArray[np.float32]) -> None:
    config = SpectrogramConfig(frame_length=64, hop_length=16, fft_length=64)
    spectrum = stft(noise, config)
    stream = StreamingInverse(config, 2, threads=2)
    assert stream.push(spectrum[:, :2]).shape == (2, 0)
    assert stream.push(spectrum[:, 2:3]).shape == (2, 16)
    rest = [stream.push(spectrum[:, 3:]), stream.finish()]
    np.testing.assert_array_equal(np.concatenate(rest, axis=1), istft(spectrum, config)[:, 16:])


def test_a_finished_stream_takes_no_more() -> None:
    config = SpectrogramConfig()
    forward, inverse = StreamingSpectrogram(config, 1), StreamingInverse(config, 1)
    forward.finish()
    inverse.finish()
    for call in (
        lambda: forward.push(np.zeros((1, 5), np.float32)),
        forward.finish,
        lambda: inverse.push(np.zeros((1, 5, 257), np.complex64)),
        inverse.finish,
    ):
        with pytest.raises(ConfigError, match="the stream has been finished; make a new one"):
            call()


def test_wrong_arguments_are_named() -> None:
    config = SpectrogramConfig()
    forward, inverse = StreamingSpectrogram(config, 2), StreamingInverse(config, 2)
    for call, words in [
        (lambda: StreamingSpectrogram(config, 0), "channels is 0; it must be a whole number from 1 to 1024"),
        (lambda: StreamingSpectrogram(config, 1, output="mel"), "output is 'mel'; it may be log or complex"),  # type: ignore[arg-type]
        (lambda: StreamingSpectrogram(config, 1, dtype=np.int16), "dtype is int16"),
        (
            lambda: forward.push(np.zeros((3, 10), np.float32)),
            r"block has shape \(3, 10\); it must be \[2, samples\]",
        ),
        (lambda: forward.push(np.zeros((2, 10), np.int64)), "block is int64"),
        (lambda: inverse.push(np.zeros((1, 4, 257), np.complex64)), r"spectrum has shape \(1, 4, 257\)"),
        (lambda: inverse.push(np.zeros((2, 4, 256), np.complex64)), r"it must be \[..., frames, 257\]"),
    ]:
        with pytest.raises(ConfigError, match=words):
            call()
