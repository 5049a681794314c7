"""OpenVINO as a runtime for styleshift, in float32 and in bfloat16."""

from __future__ import annotations

from functools import partial

from styleshift.hooks import RuntimeSpec, hookimpl
from styleshift_openvino.session import Options, load


@hookimpl
def styleshift_runtimes() -> list[RuntimeSpec]:
    """``openvino-bfloat16`` and ``openvino``; ``--runtime auto`` takes one only where it is faster."""
    return [
        RuntimeSpec(
            "openvino-bfloat16",
            "OpenVINO in bfloat16, for CPUs with AMX or AVX512_BF16",
            partial(load, half=True),
            priority=20,
            config=Options,
        ),
        RuntimeSpec("openvino", "OpenVINO in float32", load, priority=10, config=Options),
    ]
