"""Loads a model in OpenVINO's CPU plugin and runs windows through it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from styleshift.errors import BundleError
from styleshift.hooks import settings

if TYPE_CHECKING:
    import numpy.typing as npt

    from styleshift.hooks import RuntimeSession

    Float32Array = npt.NDArray[np.float32]


@settings
class Options:
    """Options of both runtimes."""

    cache: Path | None = Field(
        default=None,
        description="Folder in which compiled models are kept, so that a large one is ready sooner.",
    )


class OpenVinoSession:
    """A compiled model; see :class:`styleshift.hooks.RuntimeSession`. Threads may share it.

    Args:
        compiled: OpenVINO's compiled model.
        description: what really runs.
    """

    def __init__(self, compiled: Any, description: str) -> None:
        self._compiled = compiled
        self._description = description
        self._own = threading.local()  # a request runs one window at a time

    @property
    def description(self) -> str:
        """Library, device and precision."""
        return self._description

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        """Map ``[batch, 1, bins, frames]`` float32 to the same shape."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        result = self._own.request.infer([np.ascontiguousarray(log_magnitude)])[0]
        return np.array(result, np.float32)  # the request's own memory is written to by the next run


def load(options: Options, model: Path, device: str, threads: int, *, half: bool = False) -> RuntimeSession:
    """Compile a model file for the CPU.

    Args:
        options: see :class:`Options`.
        model: ONNX file.
        device: ``cpu``.
        threads: that one call of ``run`` may use.
        half: compute in bfloat16, inputs and outputs stay float32.

    Raises:
        BundleError: OpenVINO cannot load it, or this processor has no bfloat16.
    """
    import openvino
    from openvino.properties import cache_dir, hint, inference_num_threads, num_streams

    core = openvino.Core()
    if half and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise BundleError("this processor has neither AMX nor AVX512_BF16", "use --runtime openvino")
    properties = {
        hint.inference_precision(): openvino.Type.bf16 if half else openvino.Type.f32,
        # The workers of a conversion share the processors; a pinned thread would wait for its own.
        hint.enable_cpu_pinning(): False,
        inference_num_threads(): max(1, threads),
        num_streams(): 1,
    }
    if options.cache is not None:
        properties[cache_dir()] = str(options.cache.expanduser())
    try:
        # Bytes and not a path, which may be no UTF-8.
        compiled = core.compile_model(core.read_model(model.read_bytes()), "CPU", properties)
    except Exception as error:  # OpenVINO raises RuntimeError and types of its own
        reason = " ".join(str(error).split())[:200]
        raise BundleError(f"OpenVINO cannot load {model}: {reason}", "use --runtime onnxruntime") from error
    precision = "bfloat16" if half else "float32"
    version = openvino.__version__.split("-")[0]
    return OpenVinoSession(compiled, f"OpenVINO {version}, CPU, {precision}")
