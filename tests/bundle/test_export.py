"""What is exported computes what PyTorch computes, or does not appear (with trace.py and parity.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from styleshift.bundle.export import export_bundle
from styleshift.bundle.load import load_bundle
from styleshift.bundle.settings import ExportSettings
from styleshift.errors import BundleError, ParityError
from styleshift.frontend.config import SpectrogramConfig

LICENSED = ExportSettings(licence="CC0")
SMALL = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=32, fft_length=64)


class Strided(nn.Module):
    """Down by four, norm, up by four: what makes exports of fixed length go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 4, 3, 4, padding=1)
        self.norm = nn.InstanceNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 1, 4, 4)

    def forward(self, log_magnitude: Tensor) -> Tensor:
        change = self.up(torch.relu(self.norm(self.down(log_magnitude[:, :, :-1]))))
        return log_magnitude + nn.functional.pad(change, (0, 0, 0, 1))


class Recipe:
    def to_dict(self) -> dict[str, Any]:
        return {"generator": {"name": "strided"}}


@dataclass
class Alone:
    """A generator with nothing in front of it."""

    generator: nn.Module
    front: None = None
    drums: None = None
    voice: None = None

    def without_front(self) -> nn.Module:
        return self.generator


@dataclass
class Trained:
    generators: Mapping[str, nn.Module]
    recipe: Recipe = field(default_factory=Recipe)
    domains: tuple[str, str] = ("violin", "piano")
    spectrogram: SpectrogramConfig = SMALL
    checkpoints: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {direction: {"step": 1200} for direction in ("x2y", "y2x")}
    )
    window_frames: int = 32
    time_multiple: int = 4
    provenance: dict[str, Any] = field(default_factory=lambda: {"run": "test"})
    requires: list[dict[str, str]] = field(default_factory=list)

    @property
    def translators(self) -> dict[str, Alone]:
        return {direction: Alone(generator) for direction, generator in self.generators.items()}


@pytest.fixture(scope="module")
def trained() -> Trained:
    torch.manual_seed(0)
    return Trained({"x2y": Strided().eval(), "y2x": Strided().eval()})


@pytest.fixture(scope="module")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "models" / "violin-to-piano.onnx"
    made = export_bundle(trained, "x2y", path, settings=LICENSED)
    assert made.path == path
    assert made.parity < 1e-4
    return path


def test_it_computes_what_pytorch_computes_at_other_shapes(trained: Trained, exported: Path) -> None:
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    for batch, frames in ((1, 16), (3, 52), (5, 400)):
        spectrum = np.random.default_rng(frames).random((batch, 1, 33, frames), np.float32)
        expected = trained.generators["x2y"](torch.from_numpy(spectrum)).detach().numpy()
        found = session.run(None, {"log_magnitude": spectrum})[0]
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_graph_of_several_gives_their_mean(trained: Trained, tmp_path: Path) -> None:
    torch.manual_seed(1)
    other = Trained({"x2y": Strided().eval()}, requires=[{"package": "strides", "version": "1"}])
    third = Trained({"x2y": nn.Identity()}, requires=[{"package": "strides", "version": "1"}])
    path = tmp_path / "violin-to-piano.onnx"
    assert export_bundle(trained, "x2y", path, others=[other, third]).parity < 1e-4
    spectrum = np.random.default_rng(0).random((2, 1, 33, 52), np.float32)
    with torch.inference_mode():
        made = [one.generators["x2y"](torch.from_numpy(spectrum)) for one in (trained, other, third)]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {"log_magnitude": spectrum})[0]
    np.testing.assert_allclose(found, np.mean(made, axis=0), atol=1e-4)
    assert load_bundle(path).metadata.requires == ({"package": "strides", "version": "1"},)


def test_the_file_says_what_it_is(exported: Path) -> None:
    metadata = load_bundle(exported).metadata
    assert (metadata.source, metadata.target) == ("violin", "piano")
    assert metadata.spectrogram == SMALL
    assert metadata.window_frames == 32
    assert metadata.time_multiple == 4
    assert metadata.reference_level_db == -20.0
    assert metadata.recipe == {"generator": {"name": "strided"}}
    noted = {"licence": "CC0", "checkpoint": "1200", "strength": 1.0}
    assert metadata.provenance == {"run": "test", "step": 1200, "export": noted}
    assert metadata.licence == "CC0"


def test_the_file_is_one_and_tells_nothing_of_the_machine(exported: Path) -> None:
    assert [path.name for path in exported.parent.iterdir()] == [exported.name]
    assert str(Path(__file__).parent).encode() not in exported.read_bytes()
    assert b"stack_trace" not in exported.read_bytes()
    onnx.checker.check_model(onnx.load(exported), full_check=True)


def test_both_directions_differ_and_the_same_gives_the_same_bytes(
    trained: Trained, exported: Path, tmp_path: Path
) -> None:
    again = export_bundle(trained, "x2y", tmp_path / "again.onnx", settings=LICENSED)
    assert again.path.read_bytes() == exported.read_bytes()
    back = export_bundle(trained, "y2x", tmp_path / "again.onnx")
    assert back.replaced
    assert (back.source, back.target) == ("piano", "violin")
    assert back.bundle.digest != again.bundle.digest


class ForgetsItself(nn.Module):
    """Computes something else once it is exported, as a wrongly translated operator would."""

    def forward(self, log_magnitude: Tensor) -> Tensor:
        return log_magnitude + (0.25 if torch.onnx.is_in_onnx_export() else 0.0)


class FixedLength(nn.Module):
    """Works for one number of frames only."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(32))

    def forward(self, log_magnitude: Tensor) -> Tensor:
        return log_magnitude * self.weight


class Refuses(nn.Module):
    """Cannot be exported at all: it looks at values."""

    def forward(self, log_magnitude: Tensor) -> Tensor:
        return log_magnitude * float(log_magnitude.mean()) if log_magnitude.mean() > 3 else log_magnitude


@pytest.mark.parametrize(
    ("generator", "error"),
    [(ForgetsItself(), ParityError), (FixedLength(), BundleError), (Refuses(), BundleError)],
)
def test_what_differs_or_cannot_be_exported_leaves_nothing_behind(
    generator: nn.Module, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        export_bundle(Trained({"x2y": generator.eval()}), "x2y", tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_earlier_model(exported: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.onnx"
    target.write_bytes(exported.read_bytes())
    with pytest.raises(ParityError):
        export_bundle(Trained({"x2y": ForgetsItself().eval()}), "x2y", target)
    assert target.read_bytes() == exported.read_bytes()
