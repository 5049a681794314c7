"""The contract checks of whole plugins: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

import pytest

from styleshift.testing import ContractError, check_plugin

PLUGIN = """
from styleshift.hooks import VocoderSpec, hookimpl

@hookimpl
def styleshift_vocoders():
    return [VocoderSpec("echo", "a test", print)]
"""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import onnxruntime\n" + PLUGIN, "imports onnxruntime before anything is built"),
        (PLUGIN.replace("    return", "    import torch\n    return"), "imports torch"),
        (PLUGIN.replace("vocoders()", "vocodrs()"), "vocodrs"),
        (PLUGIN.replace("@hookimpl", ""), "defines no hook"),
        (PLUGIN.replace('[VocoderSpec("echo", "a test", print)]', "[]"), "bring no record"),
        ("import nothing_of_that_name", "No module named"),
    ],
)
def test_a_plugin_that_breaks_a_promise_is_told_which(tmp_path, monkeypatch, source, sentence):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"plugin_{abs(hash(source))}.py").write_text(source)
    with pytest.raises(ContractError, match=sentence):
        check_plugin(f"plugin_{abs(hash(source))}")


def test_a_whole_plugin_passes_and_comes_back_in_a_registry_of_its_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "plugin_whole.py").write_text(PLUGIN)
    registry = check_plugin("plugin_whole")
    assert list(registry.vocoders.entries()) == ["echo"]
    assert registry.generators.specs() == []
