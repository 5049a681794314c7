"""The process that runs the model on a GPU is begun while the library is looked through, and no other is."""

from __future__ import annotations

import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from styleshift.bundle.load import Bundle, load_bundle
from styleshift.conversion.api import convert_library
from styleshift.conversion.library.shared import SharedModel, _tend
from styleshift.conversion.settings import ConvertSettings
from styleshift.hooks import Engine
from styleshift.progress import Reporter
from styleshift.runtimes.broker_process import BrokerProcess
from styleshift.runtimes.devices import cuda_devices

HERE, ELSEWHERE = (cast(Engine, SimpleNamespace(local=local)) for local in (True, False))


class Process:
    """A stand-in that begins nothing."""

    begun: list[Process]

    def __init__(self, build: Any, most_frames: int, patience: float) -> None:
        self.runs = (build.args[1].runtime, build.args[1].device)
        self.address, self.ended = f"address of {self.runs[0]}", False
        self.tended = threading.Event()
        Process.begun.append(self)

    def __enter__(self) -> Process:
        return self

    def discard(self) -> None:
        self.ended = True

    def tend(self) -> None:
        self.tended.set()


@pytest.fixture
def bundle(models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.setattr("styleshift.runtimes.devices.cuda_devices", lambda: 1)
    monkeypatch.setattr("styleshift.conversion.library.shared.cuda_devices", lambda: 1)
    return load_bundle(models.make_model(tmp_path / "m.onnx"))


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    Process.begun = []
    monkeypatch.setattr("styleshift.runtimes.broker_process.BrokerProcess", Process)
    monkeypatch.setattr("styleshift.runtimes.broker.connect", lambda address, tell: address)
    return Process.begun


def test_one_process_is_begun_tried_and_handed_on(bundle: Bundle, begun: list[Process]) -> None:
    with SharedModel(bundle, ConvertSettings()) as shared:
        shared.begin()
        assert [process.runs for process in begun] == [("onnxruntime-float16", "cuda")]
        assert shared.session("onnxruntime-float16", "cuda") == "address of onnxruntime-float16"
        settled = ConvertSettings(runtime="onnxruntime-float16", device="cuda")
        assert shared.taken(settled, HERE, 1) is begun[0]
        assert not begun[0].ended
    assert begun[0].ended
    assert len(begun) == 1


def test_it_is_tended_until_it_is_ended(bundle: Bundle, begun: list[Process]) -> None:
    """Whatever the main thread waits for, as the answer of a trial that hangs."""
    with SharedModel(bundle, ConvertSettings()) as shared:
        shared.begin()
        assert begun[0].tended.wait(60)
        shared.taken(ConvertSettings(runtime="onnxruntime-float16", device="cuda"), HERE, 2)
        begun[0].tended.clear()
        assert begun[0].tended.wait(60)
    begun[0].tended.clear()
    assert not begun[0].tended.wait(0.2)


def test_several_workers_have_one_begun_where_none_was_tried(bundle: Bundle, begun: list[Process]) -> None:
    settings = ConvertSettings(runtime="onnxruntime", device="cuda")
    with SharedModel(bundle, settings) as shared:
        assert shared.taken(settings, HERE, 1) is None
        assert shared.taken(settings, HERE, 2) is begun[0]
    assert begun[0].ended


def test_another_runtime_takes_its_place(bundle: Bundle, begun: list[Process]) -> None:
    """As where float16 comes out too far off; and where the CPU is done sooner, none is left."""
    with SharedModel(bundle, ConvertSettings(device="cuda:0")) as shared:
        shared.begin()
        assert shared.session("onnxruntime", "cuda:0") == "address of onnxruntime"
        assert [(process.runs, process.ended) for process in begun] == [
            (("onnxruntime-float16", "cuda:0"), True),
            (("onnxruntime", "cuda:0"), False),
        ]
        assert shared.taken(ConvertSettings(runtime="onnxruntime", device="cpu"), HERE, 2) is None
        assert begun[1].ended


def test_a_process_that_was_tried_here_is_ended_where_the_work_is_done_elsewhere(
    bundle: Bundle, begun: list[Process]
) -> None:
    settings = ConvertSettings(engine="elsewhere", runtime="onnxruntime", device="cuda")
    with SharedModel(bundle, settings) as shared:
        shared.session("onnxruntime", "cuda")
        assert shared.taken(settings, ELSEWHERE, 2) is None
        assert begun[0].ended


@pytest.mark.parametrize("settings", [{"device": "cpu"}, {"engine": "elsewhere"}])
def test_where_no_gpu_of_this_machine_is_asked_for_none_is_begun(
    bundle: Bundle, begun: list[Process], settings: dict[str, str]
) -> None:
    with SharedModel(bundle, ConvertSettings(**settings)) as shared:  # type: ignore[arg-type]
        shared.begin()
        assert shared.taken(ConvertSettings(runtime="onnxruntime", device="cpu"), HERE, 2) is None
    assert begun == []


@pytest.mark.skipif(bool(cuda_devices()), reason="there is a GPU that can")
def test_a_gpu_whose_process_cannot_load_the_model_costs_a_warning(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With real processes, which find no GPU here; nothing is left of them."""
    monkeypatch.setattr("styleshift.runtimes.selection.START_SECONDS", -1.0)  # or the CPU is done before
    source = tmp_path / "l"
    source.mkdir()
    soundfile.write(source / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(16000), 16000)
    warnings: list[str] = []
    told = Reporter()
    monkeypatch.setattr(told, "warn", warnings.append)
    result = convert_library(source, bundle, vocoder="source-phase", jobs=1, reporter=told)
    assert [outcome.status for outcome in result.outcomes.values()] == ["done"]
    assert [line.split(" is not used")[0] for line in warnings] == [
        "onnxruntime-float16",
        "onnxruntime",
        "the GPU",
    ]
    assert "cannot use cuda" in warnings[0]


def test_tending_goes_on_where_the_system_has_no_process_to_give() -> None:
    tries: list[str] = []
    ended = threading.Event()

    def tend() -> None:
        tries.append("once more")
        if len(tries) == 1:
            raise BlockingIOError("Resource temporarily unavailable")
        ended.set()

    _tend(cast(BrokerProcess, SimpleNamespace(tend=tend)), ended)
    assert len(tries) == 2
