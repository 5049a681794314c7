"""What shipped models may be made of, so that they run in ONNX Runtime 1.20 and in a browser."""

from __future__ import annotations

from pathlib import Path

import onnx

NEWEST_IR, NEWEST_OPSET = 10, 20
PLAIN = {
    *("Add", "AveragePool", "Clip", "Concat", "Conv", "Div", "Exp", "Expand", "Log", "MatMul", "Max"),
    *("MaxPool", "Mul", "Pad", "Pow", "Reciprocal", "ReduceMax", "ReduceMean", "Relu", "Reshape", "Resize"),
    *("Shape", "Sigmoid", "Slice", "Softmax", "Sqrt", "Sub", "Tanh", "Transpose"),
}
"""No transforms, no loops, no branches, nothing of a vendor's, and no transposed convolution, which WebGPU
computes one place off."""


def others(path: Path) -> set[str]:
    """What of a graph is newer, or not plain; empty for a model that runs everywhere."""
    model = onnx.load(path)
    found = {node.op_type for node in model.graph.node} - PLAIN
    found |= {f"{one.domain or 'opset'} {one.version}" for one in model.opset_import if one.domain}
    if model.opset_import[0].version > NEWEST_OPSET or model.ir_version > NEWEST_IR or model.functions:
        found.add(f"opset {model.opset_import[0].version}, IR {model.ir_version}")
    return found
