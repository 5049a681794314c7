"""The command as a whole: what it imports, how it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STYLESHIFT = Path(sys.executable).with_name("styleshift")
COMMANDS = ("precompute", "train", "export", "convert", "evaluate", "plugins")


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STYLESHIFT), *words], capture_output=True, text=True, check=False, timeout=120, **more
    )


@pytest.mark.parametrize("what", ["import styleshift", "import styleshift.cli.app"])
def test_nothing_heavy_is_imported_before_it_is_needed(what: str) -> None:
    heavy = ("torch", "onnx", "onnxruntime", "soundfile", "soxr", "numpy", "librosa", "scipy")
    code = f"import sys; {what}; print([name for name in {heavy!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_lists_every_command() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert command in shown.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = run(command, "--help")
    assert shown.returncode == 0
    assert f"styleshift {command}" in shown.stdout.split("Options", 1)[-1] or command == "plugins"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["convert"], 2),
        (["no-such-command"], 2),
        (["precompute", "./no-such-folder"], 10),
        (["convert", "./no-such-folder", "--to", "classical"], 10),
        (["export"], 10),
        (["train", "--domains", "country", "classical"], 10),
    ],
)
def test_errors_are_plain_lines_on_stderr_with_the_documented_code(
    tmp_path: Path, words: list[str], code: int
) -> None:
    shown = run(*words, cwd=tmp_path)
    assert shown.returncode == code, shown.stderr
    assert shown.stdout == ""
    assert "Traceback" not in shown.stderr
    assert shown.stderr.strip()
    if code == 10:
        lines = shown.stderr.strip().splitlines()
        assert lines[0].startswith("error: ")
        assert len(lines) <= 3


@pytest.mark.parametrize("words", [("plugins", "list"), ("--help",)])
def test_a_reader_that_goes_away_ends_it_quietly(words: tuple[str, ...]) -> None:
    command = subprocess.Popen([str(STYLESHIFT), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout is not None
    command.stdout.close()
    _, error = command.communicate(timeout=120)
    assert error == b""
    assert command.returncode == 141


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    run("train", "--domains", "country", "classical", cwd=tmp_path)
    run("convert", "./library", "--to", "classical", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
