"""Fixtures for all tests."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

Tone = Callable[..., npt.NDArray[np.float32]]
Save = Callable[..., Path]

REPOSITORY = Path(__file__).parent.parent

if not Path("/dev/nvidiactl").exists():  # no GPU: kernels are interpreted, which Triton reads at its import
    os.environ["TRITON_INTERPRET"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that at the end of a run no process is left with one of them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """A folder of recordings beside the checkout; tests that need it are skipped where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of test recordings beside the checkout is absent")
    return folder


@pytest.fixture(scope="session")
def models() -> ModuleType:
    """The module ``tests/helpers/model_files.py``, which makes small model files."""
    return importlib.import_module("model_files")


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, models or workspace of the person who runs it."""
    for name in list(os.environ):
        if name.startswith("STYLESHIFT_") and name != "STYLESHIFT_SIMD":
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))


@pytest.fixture
def tone() -> Tone:
    """``tone(seconds, rate, hertz=, peak=, channels=)`` gives a sine ``[n, channels]``."""

    def make(
        seconds: float = 1.0, rate: int = 22050, *, hertz: float = 440.0, peak: float = 0.5, channels: int = 1
    ) -> npt.NDArray[np.float32]:
        time = np.arange(round(seconds * rate)) / rate
        wave = (peak * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
        return np.repeat(wave[:, None], channels, axis=1)

    return make


@pytest.fixture
def save() -> Save:
    """``save(path, samples, rate, format=, subtype=)`` writes a file, whatever bytes are in its name."""

    def write(path: Path, samples: npt.NDArray[np.float32], rate: int = 22050, **options: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        options.setdefault("format", path.suffix[1:].upper() or "WAV")
        with path.open("wb") as file:
            soundfile.write(file, samples, rate, **options)
        return path

    return write
