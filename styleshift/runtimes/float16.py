"""A model whose convolutions and matrix products are in float16, as GPUs have special units for.

Everything else stays float32: the sums and statistics of normalisation would lose digits, and the graph's
input and output are what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

# What tensor cores compute. Inputs beyond the first three (bias) do not exist.
FLOAT16_OPERATORS = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm"})


def to_float16(data: bytes) -> bytes:
    """The same model with these operators in float16.

    Args:
        data: an ONNX file.

    Returns:
        An ONNX file.

    Raises:
        ValueError: a weight does not fit float16 (above 65504).
    """
    import onnx
    from onnx import TensorProto, helper

    model = onnx.ModelProto()
    model.ParseFromString(data)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    halved: dict[str, str] = {}  # by the name of a float32 value or weight: its float16 twin
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type not in FLOAT16_OPERATORS:
            nodes.append(node)
            continue
        for index, name in enumerate(node.input):
            if not name:
                continue
            if name not in halved:
                halved[name] = f"{name}/float16"
                if name in weights:
                    model.graph.initializer.append(_half_tensor(weights[name], halved[name]))
                else:
                    nodes.append(helper.make_node("Cast", [name], [halved[name]], to=TensorProto.FLOAT16))
            node.input[index] = halved[name]
        result = node.output[0]
        halved[result] = node.output[0] = f"{result}/float16"  # which may go into the next of them as it is
        nodes.append(node)
        nodes.append(helper.make_node("Cast", [node.output[0]], [result], to=TensorProto.FLOAT))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]  # which speaks of float32
    used = {name for node in nodes for name in node.input}
    kept = [t for t in model.graph.initializer if t.name in used or t.name not in halved]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return bytes(model.SerializeToString(deterministic=True))


def _half_tensor(tensor: onnx.TensorProto, name: str) -> onnx.TensorProto:
    import numpy as np
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float16)
    if not np.isfinite(narrow).all():
        raise ValueError(f"its weights {tensor.name} do not fit float16")
    return numpy_helper.from_array(narrow, name)
