"""Which runtime and device really compute."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

from styleshift.errors import BundleError, ConfigError, PluginError
from styleshift.hooks import NoOptions
from styleshift.runtimes import devices
from styleshift.runtimes.batches import Batches
from styleshift.runtimes.plugin import load_onnxruntime, runtimes_for


def test_a_model_runs_on_the_cpu_in_any_batch(models: ModuleType, tmp_path: Path) -> None:
    session = load_onnxruntime(
        NoOptions(), models.make_model(tmp_path / "m.onnx", change=np.arange(257)), "cpu", 1
    )
    assert "CPU" in session.description
    assert onnxruntime.__version__ in session.description
    for shape in ((1, 1, 257, 128), (3, 1, 257, 40)):
        windows = np.random.default_rng(0).random(shape, np.float32) + 0.1
        found = session.run(windows)
        np.testing.assert_allclose(found, windows + np.arange(257, dtype=np.float32)[:, None], rtol=1e-6)


def test_a_device_that_is_not_there_is_refused_not_replaced(
    models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "cuda_devices", lambda: 0)
    assert devices.resolve_device("auto") == "cpu"
    with pytest.raises(ConfigError, match="this machine has no device"):
        devices.resolve_device("cuda:1")
    monkeypatch.setattr(devices, "cuda_devices", lambda: 2)
    assert devices.resolve_device("auto") == "cuda"
    assert devices.resolve_device("cuda:1") == "cuda:1"
    with pytest.raises(ConfigError, match="cuda:2"):
        devices.resolve_device("cuda:2")
    for wrong in ("gpu", "cuda:", "cuda:x", "CPU", ""):
        with pytest.raises(ConfigError, match="may be"):
            devices.resolve_device(wrong)


@pytest.mark.parametrize(
    ("system", "machine", "there"), [("Darwin", "arm64", True), ("Linux", "x86_64", False)]
)
def test_mps_is_on_a_mac_alone(
    system: str, machine: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    if there:
        assert devices.resolve_device("mps") == "mps"
        return
    with pytest.raises(ConfigError, match="no device mps") as caught:
        devices.resolve_device("mps")
    assert caught.value.hint


def test_onnx_runtime_that_falls_back_is_found_out(models: ModuleType, tmp_path: Path) -> None:
    """Asked for CUDA on a machine without, ONNX Runtime itself says nothing and uses the CPU."""
    if devices.cuda_devices():
        pytest.skip("this machine has CUDA")
    with pytest.raises(BundleError, match="cannot use cuda"):
        load_onnxruntime(NoOptions(), models.make_model(tmp_path / "m.onnx"), "cuda", 1)


def test_choosing_a_runtime() -> None:
    assert [spec.name for spec in runtimes_for("onnxruntime", "cpu")] == ["onnxruntime"]
    assert all("cpu" in spec.devices for spec in runtimes_for("auto", "cpu"))
    assert [spec.name for spec in runtimes_for("auto", "cuda:1")][:2] == [
        "onnxruntime-float16",
        "onnxruntime",
    ]
    with pytest.raises(PluginError, match="tensorflow"):
        runtimes_for("tensorflow", "cpu")
    with pytest.raises(ConfigError, match="does not run on mps"):
        runtimes_for("onnxruntime", "mps")
    assert runtimes_for("onnxruntime", "mps", required=False) == []


class SmallMemory:
    """Takes two windows at once."""

    description = "test"

    def __init__(self, most: int, message: str = "Failed to allocate memory for requested buffer") -> None:
        self.most, self.message, self.calls = most, message, []

    def run(self, windows: np.ndarray) -> np.ndarray:
        self.calls.append(len(windows))
        if len(windows) > self.most:
            raise RuntimeError(self.message)
        return windows * 2


def test_a_full_device_gets_fewer_windows_from_then_on() -> None:
    session = SmallMemory(2)
    run = Batches(session)  # type: ignore[arg-type]
    windows = np.random.default_rng(0).random((7, 1, 5, 8), np.float32)
    np.testing.assert_array_equal(run(windows), windows * 2)
    session.calls.clear()
    np.testing.assert_array_equal(run(windows), windows * 2)
    assert max(session.calls) <= 2
    with pytest.raises(BundleError, match="memory"):
        Batches(SmallMemory(0))(windows)  # type: ignore[arg-type]
    with pytest.raises(BundleError, match="shape"):
        Batches(SmallMemory(2, "shape mismatch"))(windows)  # type: ignore[arg-type]
