"""Workers that share one process for the model make the same library, and wait on no death.

Of styleshift.conversion.library.shared and styleshift.runtimes.broker.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from styleshift.bundle.load import load_bundle
from styleshift.conversion.library import shared as library_shared
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.run import convert_plan
from styleshift.conversion.settings import ConvertSettings
from styleshift.runtimes.broker_process import BrokerProcess

Float32Array = npt.NDArray[np.float32]


def songs(folder: Path) -> None:
    folder.mkdir()
    for number in range(4):
        samples = 0.1 * np.random.default_rng(number).standard_normal(20000 + 3000 * number)
        soundfile.write(folder / f"{number}.wav", samples, 16000, subtype="FLOAT")


def test_a_library_comes_out_the_same(
    models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = np.random.default_rng(9).uniform(-0.5, 0.5, 257)
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx", change=change))
    settings = ConvertSettings(vocoder="source-phase", device="cpu", runtime="onnxruntime", jobs=2)
    songs(tmp_path / "l")

    def convert(name: str) -> Path:
        plan = plan_library(tmp_path / "l", "x", replace(settings, output=tmp_path / name))
        result = convert_plan(plan, bundle, settings)
        assert [outcome.status for outcome in result.outcomes.values()] == ["done"] * 4
        return plan.output

    alone = convert("alone")
    brokers: list[BrokerProcess] = []

    def start(broker: BrokerProcess) -> BrokerProcess:
        brokers.append(broker)
        return enter(broker)

    enter = BrokerProcess.__enter__
    monkeypatch.setattr(BrokerProcess, "__enter__", start)
    monkeypatch.setattr(library_shared, "shares_device", lambda settings, engine, jobs: True)
    shared = convert("shared")
    assert len(brokers) == 1
    assert not brokers[0]._process.is_alive()
    for number in range(4):
        expected, _ = soundfile.read(alone / f"{number}.wav", dtype="float32")
        found, _ = soundfile.read(shared / f"{number}.wav", dtype="float32")
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(found, expected, atol=1e-5)


class Once:
    """Leaves the windows as they are; the first of these in any process ends or hangs at its first."""

    description = "once"

    def __init__(self, mark: Path, fate: str, *_: object) -> None:
        self.mark = mark
        self.fate = fate

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        if not self.mark.exists():
            self.mark.touch()
            if self.fate == "dies":
                os._exit(9)
            time.sleep(1000)
        return log_magnitude


@pytest.mark.parametrize("fate", ["dies", "hangs"])
def test_a_broker_that_dies_or_hangs_costs_the_files_at_work(
    models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx"))
    songs(tmp_path / "l")
    monkeypatch.setattr(library_shared, "shares_device", lambda settings, engine, jobs: True)
    patience = 60.0 if fate == "dies" else 12.0  # longer than a slow machine takes to start a worker
    monkeypatch.setattr(
        "styleshift.conversion.track.load.load_session", partial(Once, tmp_path / "mark", fate)
    )
    settings = ConvertSettings(vocoder="source-phase", device="cpu", runtime="onnxruntime", jobs=2)
    settings = replace(settings, stall_seconds=patience)
    result = convert_plan(plan_library(tmp_path / "l", "x", settings), bundle, settings)
    assert result.fatal is None
    assert len(result.outcomes) == 4
    failed = result.of("failed")
    assert 1 <= len(failed) <= 2
    assert {outcome.message for outcome in failed} == {
        "the process that runs the model has ended, or did not answer and was stopped"
    }
    assert len(result.of("done")) == 4 - len(failed)
