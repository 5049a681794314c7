"""Opens a model file from anyone: data only, and refused with the reason where it is not what it must be."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from styleshift import __version__
from styleshift.bundle.metadata import INPUT_NAME, OUTPUT_NAME, BundleMetadata
from styleshift.errors import BundleError, MissingModelError

if TYPE_CHECKING:
    import onnx

# protobuf holds no more; a bigger "model" is not read into memory.
_LARGEST_FILE = 2**31 - 1
_FLOAT32 = 1  # onnx.TensorProto.FLOAT


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model file that was looked through and can be used.

    Attributes:
        path: the file.
        metadata: what it says about itself.
        digest: SHA-256 of its bytes, hexadecimal; what a journal and a report remember it by.
    """

    path: Path
    metadata: BundleMetadata
    digest: str

    @property
    def comment(self) -> str:
        """What the comment tag of a conversion says of how it was made, today."""
        domains = f"{self.metadata.source} to {self.metadata.target}"
        today = time.strftime("%Y-%m-%d")
        # The beginning is styleshift.audio.tags.MARK.
        return f"converted with styleshift {__version__}, model {domains} {self.digest[:12]}, {today}"


def load_bundle(path: Path) -> Bundle:
    """Read and check a model file.

    Nothing in it is executed, and no other file is opened.

    Raises:
        BundleError: it is absent or no ONNX file; metadata is missing, out of range or of a newer version;
            its weights are outside the file; it does not map ``[batch, 1, bins, frames]`` to the same shape.
    """
    path = Path(path)
    data = _read(path)
    try:
        model = _parse(data)
        metadata = BundleMetadata.from_props({item.key: item.value for item in model.metadata_props})
        check_model(model, metadata)
    except BundleError as error:
        raise BundleError(f"{path} cannot be used as a model: {error.message}", error.hint) from error
    return Bundle(path, metadata, hashlib.sha256(data).hexdigest())


def read_metadata(path: Path) -> BundleMetadata:
    """Only what the file says about itself; raises as :func:`load_bundle`, but the graph is not looked at."""
    try:
        model = _parse(_read(path))
        return BundleMetadata.from_props({item.key: item.value for item in model.metadata_props})
    except BundleError as error:
        raise BundleError(f"{path} cannot be used as a model: {error.message}", error.hint) from error


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise BundleError(f"{path} is a folder; a model is one .onnx file")
        if size > _LARGEST_FILE:
            raise BundleError(f"{path} has {size / 1e9:.1f} GB; a model file has at most 2 GB")
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingModelError(f"there is no model file {path}", "`styleshift export` makes one") from None
    except OSError as error:
        raise BundleError(f"the model file {path} cannot be read: {error.strerror or error}") from error


def _parse(data: bytes) -> onnx.ModelProto:
    import onnx

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError, and what its C core lets through
        raise BundleError("it is not an ONNX file, or it is damaged", "export the model again") from error
    if not model.HasField("graph") or not model.graph.node:
        raise BundleError("it is not an ONNX file, or it has no graph", "export the model again")
    return model


def check_model(model: onnx.ModelProto, metadata: BundleMetadata) -> None:
    """Raise BundleError unless ``model`` is whole, self-contained and of the shape that ``metadata`` says."""
    import onnx

    for tensor in _tensors(model):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise BundleError(
                f"its weights {tensor.name!r} are outside the file", "use a model that is a single file"
            )
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    for values, what, name in ((inputs, "input", INPUT_NAME), (graph.output, "output", OUTPUT_NAME)):
        if [value.name for value in values] != [name]:
            found = ", ".join(value.name for value in values) or "none"
            raise BundleError(f"its {what} must be one tensor {name!r}; it has: {found}")
        _check_value(values[0], what, metadata)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError, TypeError) as error:
        raise BundleError(f"it fails ONNX's own check: {str(error).splitlines()[0]}") from error


def _check_value(value: onnx.ValueInfoProto, what: str, metadata: BundleMetadata) -> None:
    tensor = value.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    bins = metadata.spectrogram.bins
    if tensor.elem_type != _FLOAT32:
        raise BundleError(f"its {what} is not float32")
    if shape != [None, 1, bins, None]:
        seen = " x ".join("any" if size is None else str(size) for size in shape) or "unknown"
        raise BundleError(
            f"its {what} has the shape {seen}; its spectrogram settings ask for any x 1 x {bins} x any"
        )


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of the file, in whatever subgraph or function it hides."""
    graphs: list[onnx.GraphProto] = [model.graph]
    nodes: list[onnx.NodeProto] = [node for function in model.functions for node in function.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            nodes.extend(graph.node)
        while nodes:
            for attribute in nodes.pop().attribute:
                yield attribute.t
                yield from attribute.tensors
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
                if attribute.HasField("g"):
                    graphs.append(attribute.g)
                graphs.extend(attribute.graphs)
