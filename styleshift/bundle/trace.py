"""A generator of PyTorch becomes an ONNX graph, in our words and with nothing of this machine in it."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from styleshift.bundle.metadata import INPUT_NAME, OUTPUT_NAME, BundleMetadata
from styleshift.errors import BundleError

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn


def trace(generator: nn.Module, metadata: BundleMetadata) -> onnx.ModelProto:
    """The generator as an ONNX graph for any batch and any number of frames that fits; no metadata yet.

    Raises:
        BundleError: PyTorch cannot export it.
    """
    import torch

    frames = max(metadata.window_frames, 4 * metadata.time_multiple)
    example = torch.zeros(2, 1, metadata.spectrogram.bins, frames)
    with _quiet():
        try:
            program = torch.onnx.export(
                _Named(generator).eval(),
                (example,),
                dynamo=True,
                external_data=False,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_shapes={INPUT_NAME: {0: "batch", 3: "frames"}},
                verbose=False,
            )
        except Exception as error:  # the exporter raises many types of its own
            raise BundleError(
                f"PyTorch cannot export this generator: {type(error).__name__}: {str(error).splitlines()[0]}",
                "a generator must take any batch size and any number of frames",
            ) from error
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    _clean(model, metadata.spectrogram.bins)
    return model


def _Named(generator: nn.Module) -> nn.Module:  # noqa: N802 - reads as the class it returns
    from torch import nn

    class Named(nn.Module):
        """Gives the input the name that the file shows, whatever the generator calls it."""

        def __init__(self) -> None:
            super().__init__()
            self.generator = generator

        def forward(self, log_magnitude: Tensor) -> Tensor:
            converted: Tensor = self.generator(log_magnitude)
            return converted

    return Named()


def _clean(model: onnx.ModelProto, bins: int) -> None:
    """Take out what the exporter noted of this machine's files, and say the shapes in our words."""
    graph = model.graph
    parts: list[Any] = [model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info]
    parts += [*graph.initializer, *model.functions, *(node for each in model.functions for node in each.node)]
    for part in parts:
        part.doc_string = ""
        del part.metadata_props[:]
    for value in (*graph.input, *graph.output):
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for size in ("batch", 1, bins, "frames"):
            shape.dim.add(**{"dim_param" if isinstance(size, str) else "dim_value": size})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes to its developers from the user's screen."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
