"""The check of a runtime: a small model with free lengths, against the ONNX reference implementation."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.errors import BundleError
from styleshift.hooks.records import RuntimeSession, RuntimeSpec
from styleshift.testing.contract import ContractError, built, checked, contract, options_of, require

BINS = 33


@contract("the check came upon an error")
def check_runtime(
    spec: RuntimeSpec,
    options: Mapping[str, Any] | None = None,
    *,
    device: str = "cpu",
    tolerance: float = 1e-3,
) -> None:
    """Check a runtime with a small model: convolutions, instance norm, ReLU, a transposed convolution.

    The same shape and, within ``tolerance``, the numbers of the reference implementation, for several
    batches and lengths; the same from several threads at once; float32; a description of what really runs;
    and a BundleError for a file that is no model.

    Args:
        spec: the record.
        options: as ``runtime_options`` sets them.
        device: one of ``spec.devices``.
        tolerance: largest error, as a part of the largest value; a runtime that computes in bfloat16
            needs about 0.03.

    Raises:
        ContractError: in plain words.
    """
    guarded = checked(spec, RuntimeSpec)
    require(device.split(":")[0] in spec.devices, f"{spec.name!r} does not say that it serves {device}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_model(path)
        session = built(guarded, options, path, device, 2)
        said = session.description
        require(isinstance(said, str) and said.strip(), "its description is empty: say what really runs")
        random = np.random.default_rng(0)
        for batch, frames in ((1, 16), (3, 16), (1, 64), (2, 100)):
            given = random.standard_normal((batch, 1, BINS, frames)).astype(np.float32)
            _compare(path, session, given, tolerance)
        wanted = session.run(given)
        with ThreadPoolExecutor(4) as pool:
            for made in pool.map(lambda _: session.run(given), range(8)):
                require(
                    np.allclose(made, wanted, atol=tolerance), "calls from several threads disturb each other"
                )
        _check_refusal(spec, options_of(spec, options), Path(folder), device)


_MODEL = f"""<ir_version: 10, opset_import: ["" : 18]>
check (float[batch, 1, {BINS}, frames] log_magnitude) => (float[batch, 1, {BINS}, frames] converted) {{
    inner = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (log_magnitude, w1, b1)
    level = InstanceNormalization (inner, scale, shift)
    heard = Relu (level)
    outer = ConvTranspose <pads = [1, 1, 1, 1], strides = [2, 2], output_padding = [0, 1]> (heard, w2)
    converted = Add (log_magnitude, outer)
}}"""
_WEIGHTS = {"w1": (4, 1, 3, 3), "b1": (4,), "scale": (4,), "shift": (4,), "w2": (4, 1, 3, 3)}


def write_model(path: Path) -> None:
    """Write a small model like a generator: ``log_magnitude [batch, 1, 33, frames]`` -> ``converted``."""
    import onnx

    random = np.random.default_rng(7)
    model = onnx.parser.parse_model(_MODEL)
    for name, shape in _WEIGHTS.items():
        values = (0.3 * random.standard_normal(shape)).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _compare(path: Path, session: RuntimeSession, given: Float32Array, tolerance: float) -> None:
    from onnx.reference import ReferenceEvaluator

    outputs: Any = ReferenceEvaluator(str(path)).run(None, {"log_magnitude": given})
    wanted = outputs[0]
    made = session.run(given)
    error = float(np.abs(made - wanted).max() / np.abs(wanted).max())
    require(
        error <= tolerance, f"it is off by {error:.1e} at {given.shape}, where {tolerance:.1e} is allowed"
    )


def _check_refusal(spec: RuntimeSpec, config: Any, folder: Path, device: str) -> None:
    damaged = folder / "damaged.onnx"
    damaged.write_bytes(b"this is no model")
    try:
        spec.build(config, damaged, device, 1)
    except BundleError:
        return
    except Exception as error:
        raise ContractError(
            f"a file that is no model raised {type(error).__name__}; raise styleshift.errors.BundleError"
        ) from error
    raise ContractError("a file that is no model was loaded without an error")
