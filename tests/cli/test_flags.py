"""Options of the library become flags of the command."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path

from typer.testing import CliRunner

import styleshift
from styleshift.cli import app
from styleshift.cli.flags import flags_of, in_flags
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import StyleshiftError

PACKAGE = Path(styleshift.__file__).parent
COMMANDS = ("precompute", "train", "export", "convert", "evaluate", "models add")


def test_every_option_of_a_conversion_has_a_flag() -> None:
    assert {field.name for field in fields(ConvertSettings)} <= set(flags_of("convert"))


def test_options_are_told_as_flags() -> None:
    for text, told in (
        ("use another `output`", "use another --output"),
        ("use `overwrite=always`, or wait", "use --overwrite always, or wait"),
        ("`audio_format`, `stall_seconds`", "--format, --give-up"),
        ("did you mean `source=b` `target='two words'`?", "did you mean --from b --to 'two words'?"),
        ("`include_own` converts it too", "--include-own converts it too"),
    ):
        assert in_flags(text, "convert") == told


def test_each_command_has_its_own() -> None:
    assert in_flags("add `source`", "evaluate") == "add --source"
    assert in_flags("`data.crop_frames=96`", "train") == "--set data.crop_frames=96"
    assert in_flags("`data.crop_frames=96`", "convert") == "`data.crop_frames=96`"
    assert in_flags("`overwrite`", "models add") == "--overwrite"
    begun = "start it: `styleshift train` `domains=a b` `name=c`; or name another `run`"
    told = "start it: styleshift train --domains a b --name c; or name another --run"
    assert in_flags(begun, "export") == told


def test_what_is_said_names_the_flags_of_the_command_that_runs(tmp_path: Path) -> None:
    done = CliRunner().invoke(app.app, ["evaluate", str(tmp_path), "--target", str(tmp_path)])
    assert isinstance(done.exception, StyleshiftError)
    assert in_flags("`truth`") == "--truth"


def test_what_is_no_option_stays() -> None:
    for text in ("`pip install x`", "`nothing=1`", "--output", "a `b", "", "`styleshift train` `nothing`"):
        assert in_flags(text, "convert") == text


def test_the_library_speaks_of_no_flags() -> None:
    """Not in docstrings either. Other programs' flags are theirs."""
    ours = {flag for name in COMMANDS for flag in flags_of(name).values()}
    spoken = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in ("cli", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = ours.intersection(re.findall(r"(?<![\w-])--[a-z-]+", node.value))
                spoken += [f"{path.relative_to(PACKAGE)}:{node.lineno} says {flag}" for flag in sorted(found)]
    assert not spoken
