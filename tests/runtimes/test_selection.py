"""What ``auto`` becomes: the runtime that works here, computes the same, and is worth it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from reporters import Told

from styleshift.bundle.load import Bundle, load_bundle
from styleshift.errors import BundleError, ConfigError
from styleshift.hooks.records import NoOptions, RuntimeSpec
from styleshift.hooks.registry import Registry
from styleshift.runtimes import devices, selection
from styleshift.runtimes.float16 import to_float16
from styleshift.runtimes.plugin import load_onnxruntime, runtimes_for


class Session:
    description = "fake"

    def __init__(self, run: Callable[[np.ndarray], np.ndarray]) -> None:
        self.run = run


def spec(
    name: str, run: Callable[[np.ndarray], np.ndarray], *, device: str = "cpu", priority: int = 10
) -> RuntimeSpec:
    return RuntimeSpec(name, "a test", lambda *_: Session(run), priority, (device,))  # type: ignore[arg-type, return-value]


@pytest.fixture
def bundle(models: ModuleType, tmp_path: Path) -> Bundle:
    return load_bundle(models.make_model(tmp_path / "m.onnx", change=np.linspace(-1, 1, 257)))


@pytest.fixture
def computes(bundle: Bundle) -> Callable[[np.ndarray], np.ndarray]:
    return load_onnxruntime(NoOptions(), bundle.path, "cpu", 1).run


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``offer(*specs, cuda=0)``: these runtimes beside the built-in ones, on a machine with so many GPUs."""
    built_in = runtimes_for("auto", "cpu")[-1]
    build = built_in.build
    slow = replace(
        built_in,
        devices=("cpu",),
        build=lambda *words: Session(_slow(build(*words).run)),  # type: ignore[arg-type, return-value]
    )

    def install(*specs: RuntimeSpec, cuda: int = 0) -> None:
        def fit(name: str, device: str, *, required: bool = True) -> list[RuntimeSpec]:
            kind = device.split(":")[0]
            return [
                found for found in (*specs, slow) if kind in found.devices and name in ("auto", found.name)
            ]

        monkeypatch.setattr(selection, "runtimes_for", fit)
        # So that the built-in one is the slower, however fast the machine.
        monkeypatch.setattr(selection, "load_onnxruntime", slow.build)
        monkeypatch.setattr(devices, "cuda_devices", lambda: cuda)

    return install


def _slow(run: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def later(window: np.ndarray) -> np.ndarray:
        time.sleep(0.05)
        return run(window)

    return later


def decided(bundle: Bundle, device: str = "auto", runtime: str = "auto") -> tuple[str, str, Told]:
    listener = Told()
    found = selection.select_runtime(bundle, runtime, device, listener)
    return found.runtime, found.device, listener


def test_a_faster_runtime_that_computes_the_same_is_taken(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    offer(spec("fast", lambda window: computes(window) + np.float32(1e-3)))
    runtime, device, listener = decided(bundle)
    assert (runtime, device) == ("fast", "cpu")
    assert listener.warnings == listener.infos == []


def test_the_fastest_of_several_is_taken(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    def later(window: np.ndarray) -> np.ndarray:
        time.sleep(0.02)
        return computes(window)

    offer(spec("middling", later, priority=20), spec("fast", computes))
    assert decided(bundle)[0] == "fast"
    offer(spec("fast", computes, priority=20), spec("middling", later))
    assert decided(bundle)[0] == "fast"


def test_one_below_0_is_used_only_by_its_name(
    monkeypatch: pytest.MonkeyPatch, computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    registry = Registry(guard=False)
    for name, priority in (("plain", 0), ("for-tests", -1)):
        registry.runtimes.add(spec(name, computes, priority=priority), "mine", "1")
    monkeypatch.setattr("styleshift.hooks.registry.load_registry", lambda: registry)
    assert [one.name for one in runtimes_for("auto", "cpu")] == ["plain"]
    assert [one.name for one in runtimes_for("for-tests", "cpu")] == ["for-tests"]


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda window: window + 1, "differ by"),
        (lambda window: window * np.nan, "differ by"),
        (lambda window: window[..., :5], "differ by"),
    ],
)
def test_one_that_computes_something_else_is_not(
    bundle: Bundle, offer: Callable[..., None], run: Callable[[np.ndarray], np.ndarray], why: str
) -> None:
    offer(spec("wrong", run))
    runtime, _, listener = decided(bundle)
    assert runtime == "onnxruntime"
    assert len(listener.infos) == 1
    assert listener.infos[0].startswith("wrong is not used: ")
    assert why in listener.infos[0]


def test_one_that_cannot_be_built_says_why_in_one_line(bundle: Bundle, offer: Callable[..., None]) -> None:
    def build(*_: object) -> Session:
        raise RuntimeError("this processor\nhas no tensors")

    offer(RuntimeSpec("proud", "", build, 10, ("cpu",)))  # type: ignore[arg-type]
    runtime, _, listener = decided(bundle)
    assert runtime == "onnxruntime"
    assert listener.infos == ["proud is not used: this processor"]


def test_one_that_is_slower_is_not_taken(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    offer(spec("slow", _slow(_slow(computes))))
    runtime, _, listener = decided(bundle)
    assert runtime == "onnxruntime"
    assert any(line.startswith("slow is not used: it takes") for line in listener.infos)


@pytest.mark.parametrize(
    ("milliseconds", "chosen", "why"),
    [
        (
            (120, 100, 105),
            "a",
            "b is not used: it takes 105.0 ms a window, no less than the 100.0 of a",
        ),
        ((120, 100, 99), "b", None),
        (
            (110, 105, 120),
            "onnxruntime",
            "a is not used: it takes 105.0 ms a window, hardly less than the 110.0 of onnxruntime",
        ),
    ],
)
def test_the_figures_it_says_are_those_it_measured(
    bundle: Bundle,
    offer: Callable[..., None],
    computes: Callable[[np.ndarray], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    milliseconds: tuple[int, int, int],
    chosen: str,
    why: str | None,
) -> None:
    times = iter(milliseconds)  # of what is built in, then of those that are offered, in their order
    monkeypatch.setattr(selection, "_seconds", lambda session, window: next(times) / 1e3)
    offer(spec("a", computes, priority=20), spec("b", computes))
    runtime, _, listener = decided(bundle)
    assert runtime == chosen
    assert listener.infos[:1] == ([why] if why else [])


def test_what_a_library_was_begun_with_is_taken_again(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Whichever is faster this time, if it still computes the same."""
    offer(
        spec("fast", computes, priority=20),
        spec("slow", _slow(_slow(computes))),
        spec("wrong", lambda window: window + 1),
    )
    listener = Told()

    def chosen(before: str, runtime: str = "auto") -> str:
        earlier = {"cpu": before, "cuda": "fast"}
        return selection.select_runtime(bundle, runtime, "cpu", listener, earlier).runtime

    assert [chosen(name) for name in ("fast", "slow", "onnxruntime")] == ["fast", "slow", "onnxruntime"]
    assert listener.infos == []
    assert chosen("wrong") == "fast"
    listener.infos.clear()
    assert chosen("gone") == "fast"
    assert listener.infos[0] == "the files already there were made with gone, which does not run here"
    assert chosen("fast", runtime="slow") == "slow"  # which was asked for


def test_what_was_named_is_tried_once_and_refused_where_it_makes_something_else(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    def off(share: float) -> RuntimeSpec:
        return spec("named", lambda window: computes(window) + np.float32(share * computes(window).std()))

    offer(off(0.02))
    runtime, device, listener = decided(bundle, "cpu", "named")
    assert (runtime, device, listener.warnings) == ("named", "cpu", [])
    offer(off(0.05))
    runtime, device, listener = decided(bundle, "auto", "named")
    assert (runtime, device) == ("named", "cpu")
    assert "named differ by 5.0% from those of ONNX Runtime" in listener.warnings[0]
    offer(off(0.3))
    with pytest.raises(
        BundleError, match=r"named differ by 30\.0% from those of ONNX Runtime; 10% is the most"
    ):
        decided(bundle, "cpu", "named")


def test_a_gpu_is_used_if_a_window_runs_on_it(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    def fails(window: np.ndarray) -> np.ndarray:
        raise RuntimeError("CUDA error 35: driver too old")

    half = spec("half", lambda window: window * 0, device="cuda")
    single = spec("single", computes, device="cuda", priority=0)
    offer(half, single, cuda=1)
    runtime, device, listener = decided(bundle)
    assert (runtime, device) == ("single", "cuda")
    assert listener.warnings[0].startswith("half is not used: its results differ")
    offer(spec("broken", fails, device="cuda"), cuda=1)
    runtime, device, listener = decided(bundle)
    assert (runtime, device) == ("onnxruntime", "cpu")
    assert listener.warnings == [
        "broken is not used: CUDA error 35: driver too old",
        "the GPU is not used; the CPU does the work",
    ]
    with pytest.raises(BundleError, match="on cuda"):
        decided(bundle, "cuda")
    with pytest.raises(ConfigError, match="cuda:3"):
        decided(bundle, "cuda:3")


def test_onnx_runtime_without_a_gpu_falls_to_the_cpu_not_to_an_error(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that counts a GPU which ONNX Runtime cannot use."""
    if devices.cuda_devices():
        pytest.skip("this machine has CUDA")
    monkeypatch.setattr(devices, "cuda_devices", lambda: 1)
    runtime, device, listener = decided(bundle, runtime="onnxruntime")
    assert (runtime, device) == ("onnxruntime", "cpu")
    assert len(listener.warnings) == 2


def test_the_trial_window_is_music_at_the_models_level(bundle: Bundle) -> None:
    window = selection.trial_window(bundle.metadata)
    assert window.shape == (1, 1, 257, 128)
    assert window.dtype == np.float32
    assert np.isfinite(window).all()
    assert 0.1 < window.std() < 3


def test_the_error_is_a_share_of_the_deviation() -> None:
    wanted = np.random.default_rng(0).standard_normal((1, 1, 50, 60)).astype(np.float32)
    off = selection.relative_error(wanted + np.float32(0.02), wanted)
    assert off == pytest.approx(0.02 / wanted.std(), rel=1e-3)
    assert selection.relative_error(wanted[..., :3], wanted) == np.inf


def convolution(weight: float) -> bytes:
    """A convolution and an addition, as ONNX bytes."""
    kernel = np.random.default_rng(0).standard_normal((1, 1, 3, 3)).astype(np.float32) * weight
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1]),
            helper.make_node("Add", ["y", "x"], ["z"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, None, None])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 1, None, None])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    return bytes(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
        ).SerializeToString()
    )


def test_half_precision_keeps_input_and_output_and_is_near() -> None:
    single, half = convolution(1.0), to_float16(convolution(1.0))
    model = onnx.ModelProto.FromString(half)
    onnx.checker.check_model(model, full_check=True)
    assert [tensor.data_type for tensor in model.graph.initializer] == [TensorProto.FLOAT16]
    window = np.random.default_rng(1).random((1, 1, 40, 50), np.float32)
    results = [
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": window})[0]
        for data in (single, half)
    ]
    assert results[1].dtype == np.float32
    assert 0 < selection.relative_error(results[1], results[0]) < 2e-3
    with pytest.raises(ValueError, match="kernel"):
        to_float16(convolution(1e6))


@pytest.mark.parametrize(
    ("music", "earlier", "device"),
    [
        (1.0, {}, "cpu"),
        (36_000.0, {}, "cuda"),
        (None, {}, "cuda"),
        (1.0, {"cuda": "quick"}, "cuda"),  # which made what is there already
    ],
)
def test_the_gpu_is_used_where_it_is_done_sooner(
    bundle: Bundle,
    offer: Callable[..., None],
    computes: Callable[[np.ndarray], np.ndarray],
    music: float | None,
    earlier: dict[str, str],
    device: str,
) -> None:
    """Its start takes 1.5 s at least; the built-in runtime is slowed down to 50 ms a window here."""
    offer(
        spec("quick", lambda windows: windows + (computes(windows[:1]) - windows[:1]), device="cuda"), cuda=1
    )
    listener = Told()
    found = selection.select_runtime(bundle, "auto", "auto", listener, earlier, music=music)
    assert found.device == device
    told = [line for line in listener.infos if line.startswith("the CPU is used")]
    assert len(told) == (device == "cpu")


@pytest.mark.parametrize("error", [BundleError("out of memory"), RuntimeError("out of memory\nat 0x1")])
def test_a_gpu_that_runs_a_window_but_not_many_costs_a_warning(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray], error: Exception
) -> None:
    def one(windows: np.ndarray) -> np.ndarray:
        if len(windows) > 1:
            raise error
        return computes(windows)

    offer(spec("narrow", one, device="cuda"), cuda=1)
    listener = Told()
    assert selection.select_runtime(bundle, "auto", "auto", listener, music=36_000.0).device == "cpu"
    assert "narrow is not used on the GPU: out of memory; the CPU does the work" in listener.warnings


def test_a_runtime_that_is_named_keeps_its_gpu(
    bundle: Bundle, offer: Callable[..., None], computes: Callable[[np.ndarray], np.ndarray]
) -> None:
    offer(spec("quick", computes, device="cuda"), cuda=1)
    assert selection.select_runtime(bundle, "quick", "auto", Told(), music=1.0).device == "cuda"
