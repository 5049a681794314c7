from __future__ import annotations

import numpy as np
import pytest
from styleshift_openvino import styleshift_runtimes

from styleshift.errors import BundleError
from styleshift.testing import check_plugin, check_runtime
from styleshift.testing.runtime import BINS, write_model

openvino = pytest.importorskip("openvino")
HALF, SINGLE = styleshift_runtimes()


def has_bfloat16() -> bool:
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def test_the_plugin_is_complete() -> None:
    check_plugin("styleshift_openvino")


def test_float32_computes_what_onnx_says() -> None:
    check_runtime(SINGLE, tolerance=1e-5)


def test_bfloat16_is_near_it_and_not_it(tmp_path) -> None:
    if not has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    check_runtime(HALF, tolerance=0.03)
    write_model(tmp_path / "m.onnx")
    window = np.random.default_rng(0).standard_normal((2, 1, BINS, 64)).astype(np.float32)
    half, single = (
        spec.build(spec.config(), tmp_path / "m.onnx", "cpu", 1).run(window) for spec in (HALF, SINGLE)
    )
    assert 1e-5 < np.abs(half - single).max() / np.abs(single).max() < 0.03


def test_a_processor_without_bfloat16_is_told_in_a_line(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(openvino.Core, "get_property", lambda self, device, name: ["FP32"])
    write_model(tmp_path / "m.onnx")
    with pytest.raises(BundleError, match="AVX512_BF16"):
        HALF.build(HALF.config(), tmp_path / "m.onnx", "cpu", 1)


def test_results_are_not_overwritten_by_the_next_run(tmp_path) -> None:
    write_model(tmp_path / "m.onnx")
    session = SINGLE.build(SINGLE.config(), tmp_path / "m.onnx", "cpu", 1)
    window = np.random.default_rng(0).standard_normal((1, 1, BINS, 16)).astype(np.float32)
    first = session.run(window)
    kept = first.copy()
    session.run(window + 1)
    np.testing.assert_array_equal(first, kept)


def test_any_file_name_will_do(tmp_path) -> None:
    path = tmp_path / "m\udcff.onnx"
    write_model(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").rename(path)
    assert "float32" in SINGLE.build(SINGLE.config(), path, "cpu", 1).description


def test_a_model_that_is_converted_with_it_sounds_as_with_onnx_runtime(tiny_bundle, use_plugin) -> None:
    from styleshift import load_model
    from styleshift.testing.material import notes

    use_plugin("styleshift_openvino")
    music = notes(2, 16000, 220)[:, None]
    made = [
        load_model(tiny_bundle, runtime=name).convert(music, 16000) for name in ("openvino", "onnxruntime")
    ]
    np.testing.assert_allclose(made[0], made[1], atol=1e-4)
