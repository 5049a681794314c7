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
from typing import Any

import numpy as np

from styleshift.arrays import Float32Array

_LANES = 2

_CUDART = ("libcudart.so.13", "libcudart.so.12")
_PORTABLE = 1


class BoundRuns:
    """Maps ``[batch, 1, bins, frames]`` float32 to the same shape, half of the batch at a time.

    Args:
        session: of ONNX Runtime, with one input and one output.
        lock: page-locks an array as long as it lives, if it can.
        send: copies an array to the device, waits for it, and gives what ONNX Runtime calls it there.
    """

    def __init__(
        self, session: Any, lock: Callable[[Float32Array], None], send: Callable[[Float32Array], Any]
    ) -> None:
        self._session, self._lock, self._send = session, lock, send
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
        given, back = (part[: windows.size].reshape(windows.shape) for part in self._buffers(windows.size))
        np.copyto(given, windows)
        binding = self._session.io_binding()
        # To bind an array of the CPU would begin to copy it in a stream that need not be the one of this run,
        # which would not wait for it. What is made comes back as the run ends.
        binding.bind_ortvalue_input(self._names[0], self._send(given))
        binding.bind_output(self._names[1], "cpu", 0, np.float32, windows.shape, back.ctypes.data)
        self._session.run_with_iobinding(binding)
        np.copyto(made, back)

    def _buffers(self, size: int) -> tuple[Float32Array, Float32Array]:
        """What goes in and what comes out, of this lane: as large as the largest so far, for all shapes."""
        kept: tuple[Float32Array, Float32Array] | None = getattr(self._lane, "kept", None)
        if kept is None or len(kept[0]) < size:
            self._lane.kept = None  # before there are others
            kept = self._lane.kept = np.empty(size, np.float32), np.empty(size, np.float32)
            for buffer in kept:
                self._lock(buffer)
        return kept


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
