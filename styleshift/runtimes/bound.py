"""Runs ONNX Runtime on a GPU over buffers of ours: page-locked, and copied while others are computed.

A GPU reads page-locked memory by itself; for other memory the driver copies it once more first. Half of the
windows are copied to the device, or back, while the other half is there: ONNX Runtime gives each of two runs
at a time a stream of its own.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

_LANES = 2
_SHAPES = 4
"""Whose buffers a lane keeps: of whole batches, and of the shorter ones at the ends of recordings."""

_CUDART = ("libcudart.so.13", "libcudart.so.12")
_PORTABLE = 1


class _Buffers(NamedTuple):
    binding: Any
    given: Float32Array
    made: Float32Array


class BoundRuns:
    """Maps ``[batch, 1, bins, frames]`` float32 to the same shape, half of the batch at a time.

    Args:
        session: of ONNX Runtime, with one input and one output.
        lock: page-locks an array as long as it lives, if it can.
    """

    def __init__(self, session: Any, lock: Callable[[Float32Array], None]) -> None:
        self._session, self._lock = session, lock
        self._names = session.get_inputs()[0].name, session.get_outputs()[0].name
        self._threads = ThreadPoolExecutor(_LANES, "onnxruntime")
        self._lane = threading.local()

    def __call__(self, windows: Float32Array) -> Float32Array:
        """Run them; raises whatever ONNX Runtime raises."""
        made = np.empty(windows.shape, np.float32)
        middle = -(-len(windows) // 2)
        parts = [slice(0, middle), slice(middle, len(windows))][: len(windows)]
        list(self._threads.map(lambda part: self._run(windows[part], made[part]), parts))
        return made

    def _run(self, windows: Float32Array, made: Float32Array) -> None:
        buffers = self._buffers(windows.shape)
        np.copyto(buffers.given, windows)
        # Binding copies to the device, now; what is made comes back as the run ends.
        buffers.binding.bind_cpu_input(self._names[0], buffers.given)
        self._session.run_with_iobinding(buffers.binding)
        np.copyto(made, buffers.made)

    def _buffers(self, shape: tuple[int, ...]) -> _Buffers:
        kept: dict[tuple[int, ...], _Buffers] = self._lane.__dict__.setdefault("kept", {})
        if shape not in kept:
            if len(kept) >= _SHAPES:
                del kept[next(iter(kept))]
            given, made = np.empty(shape, np.float32), np.empty(shape, np.float32)
            self._lock(given)
            self._lock(made)
            binding = self._session.io_binding()
            binding.bind_output(self._names[1], "cpu", 0, np.float32, shape, made.ctypes.data)
            kept[shape] = _Buffers(binding, given, made)
        return kept[shape]


def lock_pages(array: Float32Array, device: int) -> None:
    """Page-lock an array as long as it lives, where the CUDA runtime that ONNX Runtime uses is found."""
    for name in _CUDART:
        with suppress(OSError, AttributeError):
            runtime = ctypes.CDLL(name)
            place = ctypes.c_void_p(array.ctypes.data)
            runtime.cudaSetDevice(device)
            if runtime.cudaHostRegister(place, ctypes.c_size_t(array.nbytes), _PORTABLE) == 0:
                weakref.finalize(array, runtime.cudaHostUnregister, place)
            else:
                runtime.cudaGetLastError()  # or the next kernel of this thread is told of it
            return
