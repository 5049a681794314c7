"""What a run or a model needs of plugins, written down and looked for."""

from __future__ import annotations

import pytest

from styleshift.errors import PluginError
from styleshift.hooks import VocoderSpec
from styleshift.hooks.installed import SwitchedOff
from styleshift.hooks.registry import Registered, Registry
from styleshift.hooks.requirements import check_requirements, requirements_of

NEEDED = [{"package": "styleshift-echo", "version": "1.2.3"}]


def entry(package: str, version: str) -> Registered:
    return Registered(VocoderSpec("echo", "a test", print), package, version)


def test_only_plugins_are_written_down_and_each_once():
    entries = [entry("zeta", "2"), entry("styleshift", "0.1"), entry("alpha", "1"), entry("zeta", "2")]
    assert requirements_of(entries) == [
        {"package": "alpha", "version": "1"},
        {"package": "zeta", "version": "2"},
    ]


def test_what_is_there_is_passed_in_silence(install):
    install("styleshift-echo", "")
    assert check_requirements(NEEDED, "run x", Registry()) == []
    assert check_requirements([], "run x", Registry()) == []


def test_another_version_is_a_sentence(install):
    install("styleshift-echo", "", version="2.0")
    (sentence,) = check_requirements(NEEDED, "run x", Registry())
    assert sentence == "run x was made with styleshift-echo 1.2.3; 2.0 is installed"


def test_a_missing_package_is_named_with_its_version():
    with pytest.raises(PluginError, match=r"run x needs the plugin styleshift-echo 1\.2\.3") as caught:
        check_requirements(NEEDED, "run x", Registry())
    assert "pip install styleshift-echo==1.2.3" in caught.value.hint


@pytest.mark.parametrize("value", ["1", "styleshift_echo"])
def test_a_plugin_that_is_switched_off_is_missing_too(install, monkeypatch, value):
    install("styleshift-echo", "")
    monkeypatch.setenv("STYLESHIFT_DISABLE_PLUGINS", value)
    registry = Registry()
    registry.switched_off = SwitchedOff.from_environment()
    with pytest.raises(PluginError, match="switched off"):
        check_requirements(NEEDED, "run x", registry)
