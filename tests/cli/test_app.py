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


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"), [("--version", 0), ("plugins list", 0), ("convert ./no --to x", 10)]
)
def test_streams_that_are_closed_change_nothing_else(
    tmp_path: Path, closed: str, words: str, code: int
) -> None:
    shown = subprocess.run(
        ["sh", "-c", f'"{STYLESHIFT}" {words} {closed}'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert shown.returncode == code
    if "2>" in closed:
        assert shown.stderr == ""
    if ">&-" in closed.split():
        assert shown.stdout == ""
    assert "bug" not in shown.stdout + shown.stderr
    assert "error" not in shown.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [("--version",), ("--help",), ("plugins", "list")])
def test_an_output_that_takes_no_more_is_one_plain_error(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        shown = subprocess.run(
            [str(STYLESHIFT), *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    lines = shown.stderr.splitlines()
    assert shown.returncode == 2
    assert lines[0] == "error: No space left on device"
    assert len(lines) == 2
    assert lines[1].startswith("  try: ")


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    run("train", "--domains", "country", "classical", cwd=tmp_path)
    run("convert", "./library", "--to", "classical", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
