"""``styleshift plugins``: what it shows, in words and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest
from installed import styleshift
from packages import write_package
from pydantic import Field
from typer.testing import CliRunner

from styleshift.cli import plugins
from styleshift.errors import PluginError
from styleshift.hooks import GeneratorSpec, RuntimeSpec, VocoderSpec, registry
from styleshift.hooks.installed import LeftOut, SwitchedOff
from styleshift.hooks.registry import Registry


@dataclass(frozen=True)
class Options:
    channels: Annotated[int, Field(ge=1, le=64, description="How wide it is.")] = 48


@pytest.fixture
def made(monkeypatch) -> Registry:
    made = Registry()
    made.generators.add(GeneratorSpec("seed", "nine blocks", Options, print), "styleshift", "0.1")
    made.vocoders.add(VocoderSpec("echo", "a [bold]test[/bold]", print), "styleshift-echo", "2.0")
    made.warnings.append("plugin styleshift-broken 1 cannot be loaded and is left out: ImportError: x")
    monkeypatch.setattr(registry, "load_registry", lambda: made)
    return made


def told(*words: str):
    return CliRunner().invoke(plugins.app, list(words), env={"COLUMNS": "200"})


def test_list_shows_each_with_its_package_and_leaves_markup_alone(made):
    result = told("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert any(all(word in line for word in ("seed", "nine blocks", "styleshift 0.1")) for line in lines)
    assert any(all(word in line for word in ("a [bold]test[/bold]", "styleshift-echo 2.0")) for line in lines)
    heads = [line for line in lines if "what it is" in line]
    assert ["generator" in heads[0], "vocoder" in heads[1]] == [True, True]


def test_names_and_packages_are_whole_on_a_narrow_screen(made):
    made.runtimes.add(
        RuntimeSpec("a-runtime-in-float16", "runs " * 30, print), "styleshift-runtimes", "1.2.3"
    )
    result = CliRunner().invoke(plugins.app, ["list"], env={"COLUMNS": "80"})
    (line,) = [line for line in result.stdout.splitlines() if "a-runtime-in-float16" in line]
    assert "styleshift-runtimes 1.2.3" in line
    assert len(line) <= 80


def test_a_plugin_that_cannot_be_loaded_is_a_warning_on_stderr(made):
    result = told("list")
    assert "warning: plugin styleshift-broken 1 cannot be loaded" in result.stderr
    assert "styleshift-broken" not in result.stdout


def test_json_is_one_object_a_line(made):
    result = told("list", "--json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0] == {
        "event": "plugin",
        "kind": "generator",
        "name": "seed",
        "summary": "nine blocks",
        "package": "styleshift",
        "version": "0.1",
    }
    assert [event["event"] for event in events] == ["plugin", "plugin", "warning"]


def test_it_says_when_plugins_are_turned_off(made):
    made.switched_off = SwitchedOff(all=True)
    assert "plugins are turned off (STYLESHIFT_DISABLE_PLUGINS)" in told("list").stderr
    made.switched_off = SwitchedOff(names=frozenset({"styleshift-a"}))
    assert "switched off (STYLESHIFT_DISABLE_PLUGINS): styleshift-a" in told("list").stderr


def test_list_shows_what_was_left_out_and_why(made):
    made.left_out.append(LeftOut("styleshift-broken", "1", "ImportError: x"))
    lines = told("list").stdout.splitlines()
    assert any("styleshift-broken 1" in line and "ImportError: x" in line for line in lines)
    events = [json.loads(line) for line in told("list", "--json").stdout.splitlines()]
    wanted = {"package": "styleshift-broken", "version": "1", "reason": "ImportError: x"}
    assert {"event": "left out", **wanted} in events


def test_show_gives_the_options_with_their_defaults(made):
    result = told("show", "seed")
    assert "generator seed: nine blocks" in result.stdout
    assert "from styleshift 0.1" in result.stdout
    assert "option channels = 48 (whole number, from 1 to 64)" in result.stdout
    assert "How wide it is." in result.stdout
    (event,) = [
        json.loads(line) for line in told("show", "seed", "--json").stdout.splitlines() if "seed" in line
    ]
    assert event["options"] == {
        "channels": {
            "type": "whole number",
            "default": 48,
            "range": "from 1 to 64",
            "help": "How wide it is.",
        }
    }


def test_show_of_an_unknown_name_is_an_error(made):
    result = told("show", "sead")
    assert isinstance(result.exception, PluginError)
    assert "nothing is called 'sead'" in result.exception.message
    assert result.exception.hint == "did you mean styleshift plugins show seed?"
    assert "pip install ./plugins/styleshift-unet" in told("show", "unet").exception.hint


def test_a_generator_that_is_not_installed_is_named_with_its_package(made):
    with pytest.raises(PluginError, match="no generator 'unet'") as caught:
        Registry().generators.get("unet")
    assert caught.value.hint.startswith("pip install ./plugins/styleshift-unet")


def test_the_packages_that_are_named_bring_what_is_said(repository):
    import tomllib

    for names in registry.IN_TREE.values():
        for name, package in names.items():
            folder = repository / "plugins" / package
            about = tomllib.loads((folder / "pyproject.toml").read_text())
            assert about["project"]["name"] == package
            assert f'"{name}"' in "".join(path.read_text() for path in folder.glob("src/*/__init__.py"))


def test_listing_the_real_plugins_imports_no_torch():
    code = (
        "import sys; from styleshift.hooks.registry import load_registry; made = load_registry();"
        "print({'torch', 'onnxruntime'} & set(sys.modules), sum(len(s.specs()) for s in made.shelves()) >= 5)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set() True", result.stdout + result.stderr


@pytest.mark.parametrize("words", [("precompute", "."), ("train",), ("convert", ".", "--to", "x")])
def test_commands_whose_result_it_may_change_say_that_a_plugin_is_broken(tmp_path, words):
    write_package(tmp_path, "broken", "import a_library_that_is_not_there", version="1.0")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    result = styleshift(*words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})
    assert "warning: plugin broken 1.0 is left out: ModuleNotFound" in result.stderr
    assert "Traceback" not in result.stderr
