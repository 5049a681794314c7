"""What runs an exported model: ONNX Runtime is built in, others come as plugins."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.errors import BundleError, ConfigError
from styleshift.hooks.records import NoOptions, RuntimeSession, RuntimeSpec
from styleshift.hooks.specs import hookimpl
from styleshift.runtimes.bound import BoundRuns, lock_pages
from styleshift.runtimes.float16 import to_float16

if TYPE_CHECKING:
    from styleshift.arrays import Float32Array

_QUIET, _SILENT = 3, 4  # ONNX Runtime's log levels: errors only, and what ends the process


class OnnxRuntimeSession:
    """A model in ONNX Runtime; see :class:`styleshift.hooks.records.RuntimeSession`.

    Attributes:
        description: library, provider and precision.
    """

    def __init__(self, session: Any, description: str, gpu: int | None = None) -> None:
        self._session = session
        self._input: str = session.get_inputs()[0].name
        self.description = description
        self._bound = None if gpu is None else _bound(session, gpu)

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        """Map ``[batch, 1, bins, frames]`` float32 to the same shape."""
        if self._bound is not None:
            return self._bound(log_magnitude)
        converted: Float32Array = self._session.run(None, {self._input: log_magnitude})[0]
        return converted


def _bound(session: Any, gpu: int) -> BoundRuns:
    from onnxruntime import OrtValue

    send = partial(OrtValue.ortvalue_from_numpy, device_type="cuda", device_id=gpu)
    return BoundRuns(session, partial(lock_pages, device=gpu), send)


def load_onnxruntime(
    options: NoOptions, model: Path, device: str, threads: int, *, float16: bool = False
) -> RuntimeSession:
    """Load a model file in ONNX Runtime.

    Args:
        options: none.
        model: ONNX file.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        threads: of the CPU that one call of ``run`` may use.
        float16: convolutions and matrix products in float16; see :mod:`styleshift.runtimes.float16`.

    Raises:
        BundleError: the file cannot be loaded, or the device not be used.
    """
    import onnxruntime

    # A GPU that cannot be used is told of below, in a line of ours.
    onnxruntime.set_default_logger_severity(_SILENT if device.startswith("cuda") else _QUIET)
    session_options = onnxruntime.SessionOptions()
    session_options.log_severity_level = _QUIET
    session_options.intra_op_num_threads = max(1, threads)
    session_options.inter_op_num_threads = 1
    # Idle threads that spin take the processor from the other workers' front ends and encoders.
    session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted, index = "CPUExecutionProvider", None
    providers: list[Any] = [wanted]
    if device.startswith("cuda"):
        wanted = "CUDAExecutionProvider"
        index = int(device[5:] or 0)
        # Nearly all windows have one shape (short sections have shorter ones): a quick choice of algorithm
        # holds, and the arena need not double.
        settings = {
            "device_id": index,
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
        }
        providers = [(wanted, settings), "CPUExecutionProvider"]
        if hasattr(onnxruntime, "preload_dlls"):
            # CUDA and cuDNN from the pip packages that torch brings; it prints what it does not find.
            with contextlib.redirect_stdout(io.StringIO()):
                onnxruntime.preload_dlls()
    try:
        given: str | bytes = str(model)
        if any("\ud800" <= c <= "\udfff" for c in str(model)):  # no UTF-8: ONNX Runtime refuses such a path
            given = model.read_bytes()
        if float16:
            given = to_float16(model.read_bytes())
        session = onnxruntime.InferenceSession(given, session_options, providers=providers)
    except Exception as error:  # ONNX Runtime raises many types of its own
        raise BundleError(
            f"ONNX Runtime cannot load {model}: {str(error).splitlines()[0]}", "export the model again"
        ) from error
    # Asked for CUDA where its libraries are missing, ONNX Runtime logs it and runs on the CPU.
    if wanted not in session.get_providers():
        raise BundleError(
            f"ONNX Runtime {onnxruntime.__version__} cannot use {device} on this machine: it offers "
            f"{', '.join(session.get_providers())}",
            "install onnxruntime-gpu with its CUDA libraries, or use `device=cpu`",
        )
    provider = wanted.removesuffix("ExecutionProvider")
    precision = "float16" if float16 else "float32"
    described = f"ONNX Runtime {onnxruntime.__version__}, {provider}, {precision}"
    return OnnxRuntimeSession(session, described, index)


@hookimpl
def styleshift_runtimes() -> Iterable[RuntimeSpec]:
    """``onnxruntime`` on CUDA or CPU, and ``onnxruntime-float16`` on CUDA."""
    return [
        RuntimeSpec(
            "onnxruntime",
            "ONNX Runtime, on an NVIDIA GPU or the CPU",
            load_onnxruntime,
            devices=("cpu", "cuda"),
        ),
        RuntimeSpec(
            "onnxruntime-float16",
            "ONNX Runtime, on an NVIDIA GPU, with convolutions in float16",
            partial(load_onnxruntime, float16=True),
            priority=10,
            devices=("cuda",),
        ),
    ]


def runtimes_for(name: str, device: str, *, required: bool = True) -> list[RuntimeSpec]:
    """The runtime of this name; for ``auto`` all of priority 0 or more that serve the device, highest first.

    Args:
        name: of a runtime, or ``auto``.
        device: as :func:`styleshift.runtimes.devices.resolve_device` returns it.
        required: that there is one.

    Raises:
        PluginError: there is none of that name.
        ConfigError: it does not serve the device, or none does, and one is required.
    """
    from styleshift.hooks.registry import load_registry

    shelf = load_registry().runtimes
    kind = device.split(":")[0]
    specs = [spec for spec in shelf.specs() if spec.priority >= 0] if name == "auto" else [shelf.get(name)]
    fit = sorted((spec for spec in specs if kind in spec.devices), key=lambda spec: -spec.priority)
    if required and not fit:
        if name == "auto":
            raise ConfigError(f"no installed runtime runs on {device}", "use `device=cpu`")
        raise ConfigError(
            f"runtime {name} does not run on {device}; it runs on {', '.join(specs[0].devices)}",
            "leave `runtime` or `device` out",
        )
    return fit
