"""The contract checks of whole plugins: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

import pytest

from styleshift.hooks import VocoderSpec
from styleshift.testing import ContractError, check_plugin, check_vocoder

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
        (PLUGIN.replace("@hookimpl", ""), "not marked with @hookimpl"),
        (PLUGIN.replace('[VocoderSpec("echo", "a test", print)]', "[]"), "bring no record"),
        ("import nothing_of_that_name", "No module named"),
        (PLUGIN.replace('"echo"', '"griffin-lim"'), "the vocoder 'griffin-lim' that it brings is built in"),
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


def test_an_object_of_a_module_may_be_the_plugin_and_words_are_no_imports(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    source = PLUGIN.replace("@hookimpl", "class Plugin:\n  @hookimpl").replace("def style", "  def style")
    source = source.replace("vocoders():\n    return", "vocoders(self):\n        return")
    (tmp_path / "plugin_object.py").write_text(f"print('torch scipy')\n{source}\nplugin = Plugin()\n")
    assert list(check_plugin("plugin_object:plugin").vocoders.entries()) == ["echo"]
    with pytest.raises(ContractError, match="defines no hook"):
        check_plugin("plugin_object")


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3)])
def test_a_check_raises_nothing_but_its_own_error(error):
    def build(*_):
        raise error

    with pytest.raises(ContractError, match=type(error).__name__):
        check_vocoder(VocoderSpec("echo", "a test", build))
