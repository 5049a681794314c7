"""The contract checks of runtimes: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from styleshift.errors import BundleError
from styleshift.hooks import RuntimeSpec
from styleshift.testing import ContractError, check_runtime


class Session:
    """The ONNX reference implementation as a runtime, with one thing broken at will."""

    def __init__(self, model: Path, broken: str) -> None:
        from onnx.reference import ReferenceEvaluator

        self._evaluator = ReferenceEvaluator(str(model))
        self._broken = broken
        self.description = "" if broken == "description" else "ONNX reference"

    def run(self, log_magnitude):
        out = self._evaluator.run(None, {"log_magnitude": log_magnitude})[0]
        if self._broken == "numbers":
            return out * np.float32(1.01)
        if self._broken == "type":
            return out.astype(np.float64)
        if self._broken == "shape":
            return out[..., :-1]
        return out


def runtime(broken: str = "") -> RuntimeSpec:
    def build(options, model, device, threads):
        if model.read_bytes().startswith(b"this is no"):
            if broken == "credulous":
                return None
            raise ValueError(model) if broken == "refusal" else BundleError(f"{model} is no model")
        return Session(model, broken)

    return RuntimeSpec("reference", "a test", build)


def test_a_whole_runtime_passes():
    check_runtime(runtime())


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("numbers", "off by 1.0e-02"),
        ("type", "float64, not float32"),
        ("shape", r"it returned \[.* was wanted"),
        ("description", "description is empty"),
        ("refusal", "raised ValueError"),
        ("credulous", "without an error"),
    ],
)
def test_a_runtime_that_breaks_a_promise_is_told_which(broken, sentence):
    with pytest.raises(ContractError, match=sentence):
        check_runtime(runtime(broken))


def test_a_runtime_is_held_to_the_devices_it_names():
    with pytest.raises(ContractError, match="does not say that it serves cuda"):
        check_runtime(runtime(), device="cuda")
