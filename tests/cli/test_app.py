"""The command as a whole: what it imports, how it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import STYLESHIFT
from installed import styleshift as run

from styleshift.cli import app, main
from styleshift.errors import EXIT_SIGINT

Refused = Callable[[str], list[str]]

COMMANDS = ("precompute", "train", "export", "convert", "evaluate", "plugins")


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """``refused("train --steps")``: the lines of the error with which those words are refused."""

    def run_it(words: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["styleshift", *words.split()])
        with pytest.raises(SystemExit) as caught:
            app.run()
        out, err = capsys.readouterr()
        assert caught.value.code == 2
        assert out == ""
        return err.splitlines()

    return run_it


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
        lines = [line for line in shown.stderr.strip().splitlines() if line != "loading PyTorch"]
        assert lines[0].startswith("error: ")
        assert len(lines) <= 3


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("train --minutes half", "--minutes is 'half'; it must be a number, 0.01 or more", ""),
        ("train --minutes nan", "--minutes is 'nan'; it must be a number, 0.01 or more", ""),
        ("train --steps=1.5", "--steps is '1.5'; it must be a whole number, 1 or more", ""),
        ("train --seed -1", "--seed is '-1'; it must be a whole number, 0 or more", ""),
        ("precompute x -j 0", "--jobs is '0'; it must be a whole number, 1 or more", ""),
        ("convert x --limit 0", "--limit is '0'; it must be a whole number, 1 or more", ""),
        ("convert x --give-up 3", "--give-up is '3'; it must be a number, 10 or more", ""),
        (
            "convert x --overwrite stael",
            "--overwrite is 'stael'; it may be never, stale, always",
            "did you mean --overwrite stale?",
        ),
        ("train --minute 3", "styleshift train has no option --minute", "did you mean --minutes?"),
        ("train --run mine", "styleshift train has no option --run", "did you mean --name?"),
        ("export --name mine", "styleshift export has no option --name", "did you mean --run?"),
        ("convert x --form y", "styleshift convert has no option --form", "did you mean --from or --format?"),
        ("convert x --frmo y", "styleshift convert has no option --frmo", "did you mean --from?"),
        ("convert x --TO y", "styleshift convert has no option --TO", "did you mean --to?"),
        ("convert x --runtim y", "styleshift convert has no option --runtim", "did you mean --runtime?"),
        ("convert x --own", "styleshift convert has no option --own", "did you mean --include-own?"),
        ("evaluate x --sources y", "styleshift evaluate has no option --sources", "did you mean --source?"),
        ("convert x -f y", "styleshift convert has no option -f", "did you mean --from or --format?"),
        (
            "convert x -d",
            "styleshift convert has no option -d",
            "did you mean --device, --dry-run or --debug?",
        ),
        ("convert x -s", "styleshift convert has no option -s", "try: styleshift convert --help"),
        (
            "precompute my/audio a b",
            "words that have no place here: a b",
            "try: styleshift precompute my/audio --domains a b, to name styles",
        ),
        ("train --zzz", "styleshift train has no option --zzz", "try: styleshift train --help"),
        ("train --steps", "--steps needs a value", "try: styleshift train --help"),
        ("train --domains a", "--domains needs two styles", "try: styleshift train --help"),
        ("train --json=3", "--json takes no value", "try: styleshift train --help"),
        ("train a b", "words that have no place here: a b", "did you mean --domains a b?"),
        ("train a b c", "words that have no place here: a b c", "try: styleshift train --help"),
        ("train --domains a b c d", "words that have no place here: c d", "try: styleshift train --help"),
        (
            "convert x/a.wav x/b.wav x/c.wav --to piano",
            "styleshift convert takes one source; there are more: x/b.wav x/c.wav",
            "try: name their folder; of it --include '*.wav' takes only such files",
        ),
        (
            "convert x --to --dry-run",
            "--to needs a style; --dry-run came next",
            "try: `styleshift models list` shows the styles that there are",
        ),
        (
            "convert x --to piano --from -q",
            "--from needs a style; -q came next",
            "try: `styleshift models list` shows the styles that there are",
        ),
        ("evaluate x own/a", "styleshift evaluate needs --target", "did you mean --target own/a?"),
        ("precompute", "styleshift precompute needs FOLDER", "try: styleshift precompute --help"),
        ("convert", "styleshift convert needs SOURCE", "try: styleshift convert --help"),
        ("evaluate x", "styleshift evaluate needs --target", "try: styleshift evaluate --help"),
        (
            "plugins lsit",
            "there is no command styleshift plugins lsit; available: list, show, new",
            "did you mean styleshift plugins list?",
        ),
    ],
)
def test_a_wrong_word_is_an_error_like_all_others(
    refused: Refused, words: str, error: str, hint: str
) -> None:
    assert refused(words) == [f"error: {error}", *([f"  {hint}"] if hint else [])]


@pytest.mark.parametrize(
    ("words", "name", "error"),
    [
        ("convert -rf.txt --to piano", "-rf.txt", "styleshift convert has no option -r"),
        ("convert -old.wav --to piano", "-old.wav", "styleshift convert needs SOURCE"),
        ("convert -vx.wav --to piano", "-vx.wav", "styleshift convert has no option -x"),
        ("evaluate --to --target x", "--to", "styleshift evaluate has no option --to"),
    ],
)
def test_a_file_whose_name_begins_with_a_dash_is_told_how_to_type(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, tmp_path: Path, words: str, name: str, error: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for there in (False, True):
        if there:
            (tmp_path / name).touch()
        said, hint = refused(words)
        assert said == f"error: {error}"
        assert hint.startswith(f"  try: ./{name}, for what begins with a dash") == there


@pytest.mark.parametrize(
    ("words", "error", "options"),
    [
        ("convert -- -rf.wav --to piano", "words that have no place here: --to piano", "--to"),
        ("convert -- -rf.wav --to=a -q", "words that have no place here: --to=a -q", "--to=a and -q"),
        ("convert a.wav --to piano -- --dryrun", "words that have no place here: --dryrun", "--dryrun"),
        ("convert -- --to=piano", "no target style is given", "--to=piano"),
        ("evaluate -- made --target x", "styleshift evaluate needs --target", "--target"),
        ("precompute -- --domains a", "words that have no place here: a", "--domains"),
        ("-- plugins new -- --json a", "there is no kind of plugin '--json'; there are: ", "--json"),
        ("-- convert -- a.wav --to piano", "words that have no place here: --to piano", "--to"),
        ("convert a.wav --to piano -- -qv", "words that have no place here: -qv", "-qv"),
        ("convert a.wav --to piano -- -qz -vv -=3", "words that have no place here: -qz -vv -=3", "-vv"),
    ],
)
def test_options_behind_two_dashes_are_told_where_they_go(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, tmp_path: Path, words: str, error: str, options: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said, hint = refused(words)
    assert said.startswith(f"error: {error}")
    assert hint == f"  try: put {options} before the `--`: nothing behind it is read as an option"


@pytest.mark.parametrize(
    ("words", "there", "hint"),
    [
        ("convert -- a.wav b.wav", "", "try: name their folder; "),
        ("convert -- a- -b -", "", "try: styleshift convert --help"),
        ("convert -- --to", "--to", "try: add --to DOMAIN or --model FILE"),  # it is a file
        ("convert --too b -- --to", "", "did you mean --to?"),
        ("-- convert a.wav --too b", "", "did you mean --to?"),  # which does not end convert's own
        ("convert -rf.wav --to b", "", "try: ./-rf.wav, if that is a recording: what begins with a dash"),
        ("convert -rf.WAV --to b", "", "try: ./-rf.WAV, if that is a recording"),
        ("convert -u.txt --to b", "", "try: styleshift convert --help"),
        ("convert -oout.wav --to b", "", "try: styleshift convert --help"),  # --output, and no source
        ("convert a.wav --to piano -- --formats.flac", "", "try: styleshift convert --help"),
        ("convert a.wav --to piano -- --form.flac -f", "", "try: styleshift convert --help"),
        ("convert a.wav --to piano -- --output=a.flac", "", "try: put --output=a.flac before the `--`"),
        ("convert -x -- -x.wav", "-x.wav", "try: styleshift convert --help"),  # where it is no option
    ],
)
def test_what_is_right_behind_two_dashes_or_a_dash_does_not_hide_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, tmp_path: Path, words: str, there: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if there:
        (tmp_path / there).touch()
    assert hint in refused(words)[1]


@pytest.mark.parametrize(
    ("words", "file", "hint"),
    [
        ("convert a.wav --limit -3 --too violin", "-3", "did you mean --to?"),
        ("convert a.wav --limit -3 -z", "-3", "try: styleshift convert --help"),
    ],
)
def test_a_file_that_is_not_the_unknown_option_does_not_hide_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, tmp_path: Path, words: str, file: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).touch()
    assert hint in refused(words)[1]


def test_no_word_at_all_shows_the_help() -> None:
    shown = run()
    assert shown.returncode in (0, 2)  # the first with older versions of typer
    assert "precompute" in shown.stdout
    assert shown.stderr == ""


def test_ctrl_c_while_it_loads_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("styleshift.remote.workspace.shared_workspace", interrupted)
    monkeypatch.setattr(sys, "argv", ["styleshift", "export"])
    with pytest.raises(SystemExit) as caught:
        app.run()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_stop_that_leaves_nothing_to_put_away_skips_pythons_shutdown(at_once: bool) -> None:
    code = f"""if True:
        import atexit, sys
        import styleshift.remote.workspace
        from styleshift.cli import main
        from styleshift.system.interrupt import Interrupted

        def stopped(*_):
            raise Interrupted("stopped", at_once={at_once})

        atexit.register(print, "put away")
        styleshift.remote.workspace.shared_workspace = stopped
        sys.argv = ["styleshift", "export"]
        main()
    """
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == EXIT_SIGINT
    assert shown.stderr == "stopped\n"
    assert shown.stdout == ("" if at_once else "put away\n")


def test_ctrl_c_in_the_first_moment_is_told_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupts:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "styleshift.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "styleshift.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupts(), *sys.meta_path])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == EXIT_SIGINT
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(
    ("command", "defaults"),
    [
        ("train", ("small", "A-B", "auto", "./styleshift-workspace", "0")),
        (
            "export",
            ("the one trained most recently", "best", "models in the workspace, where convert looks"),
        ),
        ("convert", ("griffin-lim", "./library becomes ./library-DOMAIN", "stale", "300")),
        ("precompute", ("small", "./styleshift-workspace", "all")),
    ],
)
def test_the_help_tells_the_defaults(command: str, defaults: tuple[str, ...]) -> None:
    shown = run(command, "--help", env={**os.environ, "COLUMNS": "300"})
    for default in defaults:
        assert re.search(rf"default: {re.escape(default)}", shown.stdout), default


@pytest.mark.parametrize("command", ["", *COMMANDS, "plugins list", "plugins show"])
def test_flags_name_no_type_in_the_help(command: str) -> None:
    for rich in ("1", "0"):
        shown = run(*command.split(), "--help", env={**os.environ, "TYPER_USE_RICH": rich})
        assert "--help" in shown.stdout
        assert "bool" not in shown.stdout.lower()


@pytest.mark.parametrize("words", [("plugins", "list"), ("--help",)])
def test_a_reader_that_goes_away_ends_it_quietly(words: tuple[str, ...]) -> None:
    command = subprocess.Popen([STYLESHIFT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout is not None
    command.stdout.close()
    _, error = command.communicate(timeout=120)
    assert error == b""
    assert command.returncode == 141


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
        shown = run(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    lines = shown.stderr.splitlines()
    assert shown.returncode == 2
    assert lines[0] == "error: No space left on device"
    assert len(lines) == 2
    assert lines[1].startswith("  try: ")


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    run("train", "--domains", "country", "classical", cwd=tmp_path)
    run("convert", "./library", "--to", "classical", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
