"""Runs over buffers of ours give the bits of plain runs; on the CPU, which takes the buffers as they are."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnxruntime import OrtValue

from styleshift.runtimes.bound import BoundRuns, Float32Array, lock_pages
from styleshift.workspace import shipped_models


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = Path(shipped_models() / "violin-to-piano.onnx")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def test_runs_over_bound_buffers_give_the_bits_of_plain_ones(session: onnxruntime.InferenceSession) -> None:
    """Of as many windows at once: by half batches, other numbers of them, and the first again."""
    runs = BoundRuns(session, lambda _: None, OrtValue.ortvalue_from_numpy)
    bins = session.get_inputs()[0].shape[2]
    random = np.random.default_rng(0)
    for count in (3, 1, 3):
        windows = random.random((count, 1, bins, 64), np.float32) * 5
        halves = (windows[:2], windows[2:]) if count == 3 else (windows,)
        expected = np.concatenate([session.run(None, {"log_magnitude": half})[0] for half in halves])
        found = runs(windows)
        assert np.array_equal(found, expected)
        again = found.copy()
        runs(windows + 1)
        assert np.array_equal(found, again)  # it is nobody's buffer


def test_what_is_smaller_takes_the_buffers_that_are_there(session: onnxruntime.InferenceSession) -> None:
    """Recordings end in windows of many lengths, and to lock pages takes as long as to run them."""
    locked: list[int] = []
    runs = BoundRuns(session, lambda array: locked.append(len(array)), OrtValue.ortvalue_from_numpy)
    bins = session.get_inputs()[0].shape[2]
    for count, frames in ((4, 64), (1, 64), (4, 48), (2, 32), (3, 64), (4, 64)):
        runs(np.zeros((count, 1, bins, frames), np.float32))
    largest = 2 * bins * 64
    assert set(locked) <= {largest, bins * 64}  # a lane that has not had its largest yet may begin smaller
    assert locked.count(largest) in (2, 4)  # given and made, of one lane or of both


def test_both_halves_are_at_work_at_once() -> None:
    together = threading.Barrier(2, timeout=30)

    class Value:
        name = "x"

    class Binding:
        def bind_output(self, *given: object) -> None: ...

        def bind_ortvalue_input(self, *given: object) -> None: ...

    class Session:
        def get_inputs(self) -> list[type[Value]]:
            return [Value]

        get_outputs = get_inputs

        def io_binding(self) -> Binding:
            return Binding()

        def run_with_iobinding(self, binding: Binding) -> None:
            together.wait()

    runs = BoundRuns(Session(), lambda _: None, np.copy)
    assert runs(np.zeros((4, 1, 2, 2), np.float32)).shape == (4, 1, 2, 2)


def test_pages_are_locked_as_long_as_an_array_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, object]] = []

    class Runtime:
        def __init__(self, name: str) -> None:
            if name.endswith("13"):
                raise OSError

        def cudaSetDevice(self, device: int) -> int:  # noqa: N802
            return 0

        def cudaHostRegister(self, place: object, size: object, flags: int) -> int:  # noqa: N802
            calls.append(("register", place.value))  # type: ignore[attr-defined]
            return 0

        def cudaHostUnregister(self, place: object) -> int:  # noqa: N802
            calls.append(("unregister", place.value))  # type: ignore[attr-defined]
            return 0

    monkeypatch.setattr("ctypes.CDLL", Runtime)
    array: Float32Array = np.zeros(8, np.float32)
    place = array.ctypes.data
    lock_pages(array, 0)
    assert calls == [("register", place)]
    del array
    gc.collect()
    assert calls[1:] == [("unregister", place)]
