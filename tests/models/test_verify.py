"""A model that is broken, exchanged or gives no sound is found out."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from styleshift.bundle.load import load_bundle
from styleshift.errors import BundleError
from styleshift.models import verify
from styleshift.models.shelf import ShelvedModel
from styleshift.models.verify import read_checksums, verify_model, write_checksums


def _shelved(path: Path, place: str = "user") -> ShelvedModel:
    return ShelvedModel(path, place, load_bundle(path).metadata)


def test_a_whole_model_has_its_digest(models: ModuleType, tmp_path: Path) -> None:
    path = models.make_model(tmp_path / "a.onnx")
    assert verify_model(_shelved(path)) == load_bundle(path).digest


def test_a_model_that_gives_no_numbers(models: ModuleType, tmp_path: Path) -> None:
    change = np.full(models.SMALL.bins, np.inf)
    with pytest.raises(BundleError, match="not finite"):
        verify_model(_shelved(models.make_model(tmp_path / "a.onnx", change=change)))


def test_a_shipped_model_is_the_one_that_was_listed(
    models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "shipped_models", lambda: tmp_path)
    path = models.make_model(tmp_path / "a.onnx")
    with pytest.raises(BundleError, match="none is listed"):
        verify_model(_shelved(path, "shipped"))
    write_checksums(tmp_path)
    assert verify_model(_shelved(path, "shipped")) == read_checksums(tmp_path)["a.onnx"]
    models.make_model(path, change=np.ones(models.SMALL.bins))
    with pytest.raises(BundleError, match="not the file that was shipped"):
        verify_model(_shelved(path, "shipped"))


@pytest.mark.parametrize("line", ["", "a.onnx", "zz  a.onnx", "é" * 64 + "  a.onnx"])
def test_a_list_of_digests_that_is_damaged_is_told_with_its_line(
    models: ModuleType, tmp_path: Path, line: str
) -> None:
    models.make_model(tmp_path / "a b.onnx")
    write_checksums(tmp_path)
    assert list(read_checksums(tmp_path)) == ["a b.onnx"]
    with (tmp_path / verify.CHECKSUMS).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(BundleError, match="line 2"):
        read_checksums(tmp_path)
