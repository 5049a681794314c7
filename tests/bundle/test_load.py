"""A model file from a stranger is used if it is what it must be, and refused with the reason if not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from styleshift.bundle.load import load_bundle
from styleshift.errors import BundleError


def test_a_good_file_is_taken(models: ModuleType, tmp_path: Path) -> None:
    path = models.make_model(tmp_path / "m.onnx")
    bundle = load_bundle(path)
    assert bundle.metadata == models.metadata()
    assert bundle.digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEfmt ", b"\x80\x04\x95pickle", b"\xff" * 1000, b"{}"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="ONNX"):
        load_bundle(path)


def test_every_cut_is_refused(models: ModuleType, tmp_path: Path) -> None:
    data = models.make_model(tmp_path / "whole.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(0, len(data) - 1, 97):
        path.write_bytes(data[:length])
        with pytest.raises(BundleError):
            load_bundle(path)


def test_absent_and_folder(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model file"):
        load_bundle(tmp_path / "m.onnx")
    with pytest.raises(BundleError, match="folder"):
        load_bundle(tmp_path)


def test_a_newer_version_says_to_upgrade(models: ModuleType, tmp_path: Path) -> None:
    path = models.make_model(tmp_path / "m.onnx", props={"styleshift.format_version": "99"})
    with pytest.raises(BundleError, match="99") as caught:
        load_bundle(path)
    assert "upgrade" in caught.value.hint


def test_without_metadata(models: ModuleType, tmp_path: Path) -> None:
    names = models.metadata().to_props()
    path = models.make_model(tmp_path / "m.onnx", props=dict.fromkeys(names))
    with pytest.raises(BundleError, match="no styleshift metadata"):
        load_bundle(path)


def changed(models: ModuleType, folder: Path, change: object) -> Path:
    path = models.make_model(folder / "m.onnx")
    model = onnx.load(path)
    change(model)  # type: ignore[operator]
    path.write_bytes(model.SerializeToString())
    return path


def outside(tensor: onnx.TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def test_weights_outside_the_file_are_refused(models: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="outside the file"):
        load_bundle(changed(models, tmp_path, lambda model: outside(model.graph.initializer[0])))


def test_weights_outside_are_found_in_subgraphs(models: ModuleType, tmp_path: Path) -> None:
    def hide(model: onnx.ModelProto) -> None:
        tensor = numpy_helper.from_array(np.zeros(3, np.float32), "hidden")
        outside(tensor)
        inner = helper.make_graph([], "inner", [], [], [tensor])
        node = helper.make_node("If", ["zero"], ["unused"], then_branch=inner, else_branch=inner)
        model.graph.node.insert(0, node)

    with pytest.raises(BundleError, match="hidden"):
        load_bundle(changed(models, tmp_path, hide))


@pytest.mark.parametrize("which", ["input", "output"])
@pytest.mark.parametrize(
    "shape",
    [["batch", 1, 129, "frames"], ["batch", 257, "frames"], [1, 1, 257, "frames"], ["b", 1, 257, 128]],
)
def test_other_shapes_are_refused(
    models: ModuleType, tmp_path: Path, which: str, shape: list[object]
) -> None:
    def reshape(model: onnx.ModelProto) -> None:
        value = getattr(model.graph, which)[0]
        value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))

    with pytest.raises(BundleError, match=f"its {which} has the shape"):
        load_bundle(changed(models, tmp_path, reshape))


def test_other_types_and_names_are_refused(models: ModuleType, tmp_path: Path) -> None:
    def half(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16

    def renamed(model: onnx.ModelProto) -> None:
        model.graph.input[0].name = "x"

    with pytest.raises(BundleError, match="float32"):
        load_bundle(changed(models, tmp_path, half))
    with pytest.raises(BundleError, match="log_magnitude"):
        load_bundle(changed(models, tmp_path, renamed))


def test_a_broken_graph_is_refused(models: ModuleType, tmp_path: Path) -> None:
    def loosen(model: onnx.ModelProto) -> None:
        model.graph.node[0].input[0] = "nowhere"

    with pytest.raises(BundleError, match="broken"):
        load_bundle(changed(models, tmp_path, loosen))
