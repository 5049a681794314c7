"""The plugin author's guide says what the code says: every signature, every field, and the example works.

Of styleshift.hooks.records, styleshift.hooks.specs and styleshift.testing.
"""

from __future__ import annotations

import ast
import json
import os
import pkgutil
import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from installed import styleshift as command

import styleshift.frontend
import styleshift.hooks
import styleshift.testing
from styleshift.hooks import Registry
from styleshift.testing import check_generator, check_plugin

ROOT = Path(__file__).parents[2]
GUIDE = "\n".join(
    (ROOT / "docs" / page).read_text("utf-8")
    for page in ("tutorials/first-plugin.md", "reference/plugin-hooks.md")
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def function(node: ast.FunctionDef) -> str:
    """A function's name, arguments and result, as one line."""
    return f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns) if node.returns else '?'}"


def members(node: ast.ClassDef) -> list[str]:
    """Fields with annotation and default, and methods, in order; what is private or a check is left out."""
    made = ["name: str", "summary: str"] if "Spec" in map(ast.unparse, node.bases) else []
    for item in node.body:
        if isinstance(item, ast.AnnAssign):
            made.append(ast.unparse(item))
        elif isinstance(item, ast.FunctionDef) and item.name != "__post_init__":
            made.append(" ".join([*(ast.unparse(mark) for mark in item.decorator_list), function(item)]))
    return made


def parsed(*sources: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    classes, functions = {}, {}
    for source in sources:
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                classes[node.name] = members(node)
            elif isinstance(node, ast.FunctionDef):
                functions[node.name] = function(node)
    return classes, functions


def code(*names: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    return parsed(*((ROOT / "styleshift" / name).read_text("utf-8") for name in names))


GUIDE_CLASSES, GUIDE_FUNCTIONS = parsed(*blocks("python"))


def test_every_hook_is_there_with_its_signature():
    _, hooks = code("hooks/specs.py")
    assert len(hooks) == 12
    example = {"styleshift_generators() -> ?"}  # the example implements one without annotations
    written = {
        name: line
        for source in blocks("python")
        for name, line in parsed(source)[1].items()
        if line not in example
    }
    assert {name: line for name, line in written.items() if name.startswith("styleshift_")} == hooks


def test_every_record_and_protocol_is_there_with_all_its_fields():
    records, _ = code("hooks/records.py", "hooks/experiment.py", "hooks/engines.py")
    assert records.pop("Spec") == ["name: str", "summary: str"]
    assert {name: GUIDE_CLASSES.get(name) for name in records} == records
    public = {name for name in styleshift.hooks.__all__ if name[0].isupper() and name != "Registry"}
    assert public == set(records)


def test_every_check_is_there_with_its_signature():
    files = (ROOT / "styleshift" / "testing").glob("*.py")
    _, checks = code(*(f"testing/{path.name}" for path in files))
    wanted = {name: checks[name] for name in styleshift.testing.__all__ if name.startswith("check_")}
    assert len(wanted) == 13
    assert {name: GUIDE_FUNCTIONS.get(name) for name in wanted} == wanted


def test_all_errors_commands_and_settings_that_it_names_exist():
    from styleshift import errors
    from styleshift.hooks.registry import DISABLE_VARIABLE, ENTRY_POINT_GROUP

    for name in re.findall(r"`(?:styleshift\.errors\.)?(\w+Error)\b", GUIDE):
        assert name in ("AssertionError", "ContractError") or hasattr(errors, name), name
    for folder in re.findall(r"`(styleshift-(?:midi|unet|phase))`", GUIDE):
        assert (ROOT / "plugins" / folder).is_dir()
    assert DISABLE_VARIABLE in GUIDE
    assert f"project.entry-points.{ENTRY_POINT_GROUP}" in GUIDE


def test_everything_that_a_plugin_may_use_is_there():
    (table,) = re.findall(r"## What a plugin may use\n.*?\n\n(.*?)\n\n", GUIDE, re.DOTALL)
    for row in table.splitlines()[2:]:
        module, what = row.strip("| ").split(" | ")
        names = re.findall(r"`(\w+)(?:\([^`]*\))?`", what)
        found = [pkgutil.resolve_name(name) for name in re.findall(r"`(styleshift[.\w]*)`", module)]
        missing = [each for each in names if not any(hasattr(one, each) for one in found)]
        assert not set(missing) - {"AudioStream"}, row
    config = styleshift.frontend.SpectrogramConfig()
    (fields,) = re.findall(r"`SpectrogramConfig` has these fields: (.*?); and these", GUIDE, re.DOTALL)
    assert set(config.to_dict()) <= set(re.findall(r"`(\w+)`", fields))
    shelves = {shelf.kind: shelf for shelf in Registry().shelves()}
    (listed,) = re.findall(r"It has a shelf for each kind: (.*?)\. Of", GUIDE, re.DOTALL)
    assert len(re.findall(r"`(\w+)`", listed)) == len(shelves)
    assert all(hasattr(Registry(), name) for name in re.findall(r"`(\w+)`", listed))


@pytest.fixture
def example(tmp_path, monkeypatch) -> Path:
    """The guide's example, its module importable."""
    (source,) = [block for block in blocks("python") if "class EqualiserOptions" in block]
    (tmp_path / "styleshift_equaliser.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_example_is_a_whole_plugin(example):
    (described,) = map(tomllib.loads, blocks("toml"))
    (module,) = described["project"]["entry-points"]["styleshift"].values()
    assert described["tool"]["setuptools"]["py-modules"] == [module]
    spec = check_plugin(module).generators.get("equaliser")
    check_generator(spec, {"limit": 2.0}, export=False)
    (test,) = [block for block in blocks("python") if "def test_contract" in block]
    assert f'check_plugin("{module}")' in test
    assert f'generators.get("{spec.name}")' in test


@pytest.mark.slow
def test_the_examples_own_test_passes(example):
    (test,) = [block for block in blocks("python") if "def test_contract" in block]
    names: dict = {}
    exec(compile(test, "guide", "exec"), names)
    names["test_contract"]()


@pytest.mark.slow
def test_the_commands_after_the_example_work(example, tmp_path, monkeypatch):
    """As they stand, but for the length of the training."""
    (described,) = map(tomllib.loads, blocks("toml"))
    project = described["project"]
    installed = example / "styleshift_equaliser-0.1.0.dist-info"  # what `pip install -e .` leaves
    installed.mkdir()
    (installed / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    (entry,) = project["entry-points"]["styleshift"].items()
    (installed / "entry_points.txt").write_text(f"[styleshift]\n{entry[0]} = {entry[1]}\n")
    random = np.random.default_rng(0)
    for domain in ("violin", "piano"):
        (tmp_path / "audio" / domain).mkdir(parents=True)
        sound = 0.1 * random.standard_normal(4 * 22050)
        soundfile.write(tmp_path / "audio" / domain / "a.wav", sound, 22050)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(example), os.environ.get("PYTHONPATH", "")]))

    def told(*words: str) -> str:
        done = command(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told("precompute", "audio")
    commands = re.findall(r"^    styleshift (.*)$", GUIDE, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["plugins", "train"]
    assert "equaliser" in told(*shlex.split(commands[0]))
    short = ["--steps", "1", "--set", "schedule.validation_seconds=0", "--set", "warm_start.share=0"]
    told(*shlex.split(commands[1]), *short, "--set", "warm_start.weight=0", "--set", "schedule.batch=1")
    (run,) = (tmp_path / "styleshift-workspace" / "runs").glob("*/run.json")
    assert json.loads(run.read_text())["recipe"]["generator"] == {"name": "equaliser", "limit": 2}
