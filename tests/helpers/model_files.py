"""Small model files for tests: real ONNX with real metadata, made without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from styleshift.bundle.metadata import BundleMetadata
from styleshift.frontend.config import SpectrogramConfig

SMALL = SpectrogramConfig(sample_rate=16000, frame_length=512, hop_length=128, fft_length=512)


def metadata(
    spectrogram: SpectrogramConfig = SMALL, source: str = "country", target: str = "classical"
) -> BundleMetadata:
    """Metadata of a model that takes windows of 128 frames."""
    return BundleMetadata(source, target, spectrogram, -20.0, 128, 4, recipe={"name": "test"})


def make_model(
    path: Path,
    spectrogram: SpectrogramConfig = SMALL,
    *,
    source: str = "country",
    target: str = "classical",
    change: Sequence[float] | None = None,
    props: dict[str, str | None] | None = None,
) -> Path:
    """Write a model that adds ``change`` (one value a bin, natural log units) to every frame, or nothing.

    Zeros stay zero, so that silence is silent. ``props`` overrides metadata; None leaves a key out.
    """
    bins = spectrogram.bins
    shape = ["batch", 1, bins, "frames"]
    values = np.zeros(bins) if change is None else np.asarray(change)
    gain = numpy_helper.from_array(values.astype(np.float32).reshape(1, 1, bins, 1), "change")
    zero = numpy_helper.from_array(np.float32(0), "zero")
    graph = helper.make_graph(
        [
            helper.make_node("Greater", ["log_magnitude", "zero"], ["heard"]),
            helper.make_node("Add", ["log_magnitude", "change"], ["raised"]),
            helper.make_node("Where", ["heard", "raised", "log_magnitude"], ["signed"]),
            helper.make_node("Relu", ["signed"], ["converted"]),
        ],
        "equaliser",
        [helper.make_tensor_value_info("log_magnitude", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("converted", TensorProto.FLOAT, shape)],
        [gain, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    wanted: dict[str, str | None] = {**metadata(spectrogram, source, target).to_props(), **(props or {})}
    for key, text in wanted.items():
        if text is not None:
            model.metadata_props.add(key=key, value=text)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


TROUBLE = '''
"""A plugin for tests: a vocoder that fails in every way, told by the length of what it is given."""
import os, signal, time
import numpy as np
from styleshift.hooks import NoOptions, VocoderSpec, hookimpl

CRASH, HANG, RAISE = 8000, 9000, 10000

def build(options, spectrogram, device):
    from styleshift.frontend import istft, magnitude
    def invert(log_magnitude, source, samples):
        # Up to a hop of silence may have been put before a short recording.
        told = {n for n in (CRASH, HANG, RAISE) if n <= samples < n + spectrogram.hop_length}
        if CRASH in told:
            os.kill(os.getpid(), signal.SIGSEGV)
        if HANG in told:
            time.sleep(1000)
        if RAISE in told:
            raise RuntimeError("the vocoder tripped")
        phase = np.exp(1j * np.angle(source))
        return istft(magnitude(log_magnitude, spectrogram) * phase, spectrogram, length=samples)
    return invert

@hookimpl
def styleshift_vocoders():
    return [VocoderSpec("trouble", "for tests", build, NoOptions)]

if limit := os.environ.get("TROUBLE_DISK"):
    # A disk with room for so many bytes in all files that are there.
    import errno, pathlib
    from styleshift.audio import write
    real = write.RememberingFile.write
    folder, _, room = limit.partition("=")
    def full(self, data):
        used = sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())
        if self.error is None and used + len(memoryview(data).cast("B")) > int(room):
            self.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, data)
    write.RememberingFile.write = full
'''


def make_trouble(folder: Path) -> Path:
    """Install the plugin of ``TROUBLE`` into a folder that goes on ``PYTHONPATH``."""
    about = folder / "styleshift_trouble-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: styleshift-trouble\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[styleshift]\ntrouble = styleshift_trouble\n")
    (folder / "styleshift_trouble.py").write_text(TROUBLE)
    return folder
