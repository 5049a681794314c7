"""A model file, made ready."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from styleshift.bundle.load import load_bundle
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.load import load_converter
from styleshift.errors import ConfigError, PluginError


def test_a_converter_needs_a_vocoder_that_is_there(models: ModuleType, tmp_path: Path) -> None:
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx"))
    with pytest.raises(PluginError, match="vocos"):
        load_converter(bundle, ConvertSettings(vocoder="vocos"), 1)
    with pytest.raises(ConfigError, match="iterations"):
        load_converter(bundle, ConvertSettings(vocoder_options={"iterations": "many"}), 1)
    line, description = load_converter(bundle, ConvertSettings(vocoder_options={"iterations": "3"}), 1)
    assert line.metadata == bundle.metadata
    assert "ONNX Runtime" in description
