"""Any sizes, lengths and types, against float64 scipy.

Of styleshift.frontend.transform.
"""

from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from styleshift.frontend import (
    SpectrogramConfig,
    StreamingInverse,
    StreamingSpectrogram,
    istft,
    log_spectrogram,
    stft,
)


@st.composite
def configs(draw: st.DrawFn) -> SpectrogramConfig:
    # Multiples of 8, 16 and 32 go frame by frame, others a frame in each lane, odd ones in their own way.
    fft = draw(
        st.one_of(
            st.integers(2, 300),
            st.integers(1, 40).map(lambda n: 32 * n),
            st.sampled_from([3**a * 5**b * c for a in range(7) for b in range(4) for c in (1, 2, 7)]).filter(
                lambda n: 2 <= n <= 1300
            ),
        )
    )
    frame = draw(st.integers(2, 400))
    return SpectrogramConfig(
        frame_length=frame,
        hop_length=draw(st.integers(1, min(frame, fft))),
        fft_length=fft,
        window=draw(st.sampled_from(["hann", "hamming", "blackman", "gaussian", "rectangular"])),
        center=draw(st.booleans()),
    )


def samples_of(seed: int, length: int, dtype: str, stride: int) -> Any:
    x = np.random.default_rng(seed).uniform(-1, 1, (length, stride))
    return (x * 32767).astype(np.int16)[:, 0] if dtype == "int16" else x.astype(dtype)[:, 0]


@settings(max_examples=100, deadline=None)
@given(
    config=configs(),
    length=st.integers(0, 3000),
    seed=st.integers(0, 99),
    dtype=st.sampled_from(["float32", "float64", "int16"]),
    stride=st.integers(1, 3),
    threads=st.integers(1, 4),
)
def test_stft_of_anything(
    reference: SimpleNamespace,
    config: SpectrogramConfig,
    length: int,
    seed: int,
    dtype: str,
    stride: int,
    threads: int,
) -> None:
    x = samples_of(seed, length, dtype, stride)
    exact = reference.stft(x / 32768 if dtype == "int16" else x, config)
    got = stft(x, config, threads=threads)
    assert got.shape == exact.shape
    if exact.size:
        # Relative to what window and samples could have made, where the frames are all but empty.
        size = max(np.abs(exact).max(), 1e-2 * np.sqrt(len(reference.window(config))))
        assert np.abs(got - exact).max() < 1e-5 * size
        log = log_spectrogram(x, config)
        np.testing.assert_allclose(log, np.log1p(np.abs(exact)), rtol=0, atol=1e-5 * size)


@settings(max_examples=100, deadline=None)
@given(config=configs(), frames=st.integers(1, 60), seed=st.integers(0, 99), longer=st.integers(-50, 300))
def test_istft_of_anything(
    reference: SimpleNamespace, config: SpectrogramConfig, frames: int, seed: int, longer: int
) -> None:
    rng = np.random.default_rng(seed)
    spectrum = rng.standard_normal((frames, config.bins)) + 1j * rng.standard_normal((frames, config.bins))
    length = max(0, frames * config.hop_length + longer)
    exact = reference.istft(spectrum, config, length)
    got = istft(spectrum.astype(np.complex64), config, length=length, threads=1 + seed % 3)
    assert got.shape == exact.shape
    if exact.size and np.abs(exact).max() > 0:
        assert np.abs(got - exact).max() < 1e-4 * np.abs(exact).max()


@settings(max_examples=60, deadline=None)
@given(
    config=configs(),
    blocks=st.lists(st.integers(0, 900), max_size=12),
    output=st.sampled_from(["log", "complex"]),
    length=st.none() | st.integers(0, 8000),
)
def test_streams_are_the_one_shot_calls_bit_for_bit(
    config: SpectrogramConfig, blocks: list[int], output: Any, length: int | None
) -> None:
    x = np.random.default_rng(1).standard_normal((2, sum(blocks))).astype(np.float32)
    spectrum = stft(x, config)
    whole = spectrum if output == "complex" else log_spectrogram(x, config)
    forward = StreamingSpectrogram(config, 2, output=output)
    inverse = StreamingInverse(config, 2, length=length)
    frames, samples, start = [], [], 0
    for n in blocks:
        frames.append(forward.push(x[:, start : start + n]))
        start += n
    frames.append(forward.finish())
    assert np.concatenate(frames, axis=1).tobytes() == whole.tobytes()
    start = 0
    for n in (1, 5, 16, 40, max(0, spectrum.shape[1] - 62)):
        samples.append(inverse.push(spectrum[:, start : start + n]))
        start += n
    samples.append(inverse.finish())
    assert start >= spectrum.shape[1]
    assert np.concatenate(samples, axis=1).tobytes() == istft(spectrum, config, length=length).tobytes()
