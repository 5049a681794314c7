"""The SIMD variants agree, can be chosen, and are what the build says."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

import styleshift
from styleshift.errors import ConfigError
from styleshift.frontend import (
    SpectrogramConfig,
    build_info,
    griffin_lim,
    istft,
    log_spectrogram,
    release_memory,
    stft,
)
from styleshift.frontend.build import choose_variant


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_build_info() -> None:
    info = build_info()
    assert info["version"] == styleshift.__version__
    assert info["simd_available"][0] == "baseline"
    assert set(info["simd_available"]) <= set(info["simd_compiled"])
    assert info["simd"] in info["simd_available"]
    assert info["compiler"].split()[0] in ("GNU", "Clang", "AppleClang")
    assert "march=native" not in " ".join(str(v) for v in info.values())
    if "avx2" in info["simd_compiled"]:
        assert "-mavx2" in info["avx2_flags"]
        assert "-mavx512f" in info["avx512_flags"]


def test_variants_agree(noise: NDArray[np.float32]) -> None:
    before = build_info()["simd"]
    config = SpectrogramConfig()
    results = []
    try:
        for name in build_info()["simd_available"]:
            choose_variant(name)
            spectrum = stft(noise, config)
            log = log_spectrogram(noise, config)
            samples = istft(spectrum, config)
            results.append((spectrum, log, samples, griffin_lim(np.abs(spectrum), config, iterations=1)))
    finally:
        choose_variant(before)
    for other in results[1:]:
        for a, b, tolerance in zip(results[0], other, (1e-6, 1e-6, 1e-6, 1e-3), strict=True):
            assert np.abs(a - b).max() < tolerance * np.abs(a).max()


def test_the_environment_forces_a_variant() -> None:
    code = "from styleshift.frontend import build_info; print(build_info()['simd'])"
    for name in build_info()["simd_available"]:
        assert run(code, STYLESHIFT_SIMD=name).stdout.strip() == name
    assert run(code, STYLESHIFT_SIMD="").stdout.strip() == build_info()["simd_available"][-1]
    failed = run(code, STYLESHIFT_SIMD="mmx")
    assert failed.returncode != 0
    assert "SIMD variant is 'mmx'; this machine and build have baseline" in failed.stderr


def test_choosing_what_is_not_there_changes_nothing() -> None:
    before = build_info()["simd"]
    with pytest.raises(ConfigError, match="SIMD variant is 'neon'"):
        choose_variant("neon")
    assert build_info()["simd"] == before


def test_importing_the_front_end_is_light() -> None:
    heavy = "('torch', 'scipy', 'librosa')"
    code = f"import sys, styleshift.frontend; print([m for m in {heavy} if m in sys.modules])"
    assert run(code).stdout.strip() == "[]"


def test_the_lock_of_the_interpreter_is_released() -> None:
    """A second thread of Python runs while one transforms."""
    import threading

    config = SpectrogramConfig(frame_length=2048, hop_length=512, fft_length=2048)
    x = np.zeros((1, 4_000_000), np.float32)
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(0.5)  # a thread only gives way where it must
    try:
        worker = threading.Thread(target=count)
        stft(x[:, :10_000], config, threads=1)
        worker.start()
        start = counted[0]
        stft(x, config, threads=1)
        during = counted[0] - start
        stop.set()
        worker.join()
    finally:
        sys.setswitchinterval(before)
    assert during > 1000


def test_memory_of_dropped_results_is_used_again_and_can_be_released() -> None:
    config = SpectrogramConfig(frame_length=256, hop_length=64, fft_length=256)
    rng = np.random.default_rng(0)
    x, other = (rng.standard_normal(200_000).astype(np.float32) for _ in range(2))
    release_memory()
    first = stft(x, config)
    size, expected = first.nbytes, first.copy()
    second = stft(other, config)  # the first is alive: it must not be written to
    np.testing.assert_array_equal(first, expected)
    view = first[3:]
    address = first.ctypes.data
    del first
    third = stft(other, config)
    np.testing.assert_array_equal(view, expected[3:])  # kept alive by the view
    assert third.ctypes.data != address
    del view
    fourth = stft(x, config)
    assert fourth.ctypes.data == address
    np.testing.assert_array_equal(fourth, expected)
    del second, third, fourth
    page = 2 << 20
    assert release_memory() == 3 * -(-size // page) * page
    assert release_memory() == 0


def test_kept_memory_is_limited() -> None:
    release_memory()
    arrays = [np.empty(0)] * 5
    for i in range(5):
        arrays[i] = log_spectrogram(np.zeros((40, 40_000), np.float32), SpectrogramConfig(hop_length=20 + i))
    assert sum(a.nbytes for a in arrays) > 300 << 20
    arrays.clear()
    assert release_memory() <= 256 << 20
