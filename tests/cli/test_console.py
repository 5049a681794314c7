"""What a person sees at a terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from styleshift.cli.console import TerminalReporter
from styleshift.words import printable


def on_a_terminal() -> tuple[TerminalReporter, io.StringIO]:
    screen = io.StringIO()
    reporter = TerminalReporter()
    reporter.console = Console(file=screen, force_terminal=True, width=120)
    return reporter, screen


def test_tasks_with_and_without_an_end_follow_one_another() -> None:
    reporter, screen = on_a_terminal()
    with reporter.task("matching", 3, "frames") as task:
        task.advance(2, loss=0.25)
    with reporter.task("training", None, "steps") as task:
        task.advance(7)
    shown = screen.getvalue()
    assert "matching" in shown
    assert "2/3 frames" in shown
    assert "loss 0.25" in shown
    assert "7 steps" in shown


def test_on_a_narrow_screen_figures_are_cut_and_counts_are_not() -> None:
    reporter, screen = on_a_terminal()
    reporter.console = Console(file=screen, force_terminal=True, width=70)
    with reporter.task("preparing the classifier", 202, "crops") as task:
        task.advance(139, discriminator=0.25, cycle=0.125)
    last = [line for line in screen.getvalue().splitlines() if "139" in line][-1]
    assert "preparing the classifier" in last
    assert "139/202 crops" in last
    assert "cycle" not in last


def test_names_with_markup_are_shown_as_they_are() -> None:
    reporter, screen = on_a_terminal()
    with reporter.task("song [/red].flac", 1, "[bold]") as task:
        task.advance(1, file="[/b].mp3")
    reporter.info("[/red].flac")
    reporter.warn("a\nb [/i]")
    assert "song [/red].flac" in screen.getvalue()
    assert "[/b].mp3" in screen.getvalue()
    assert "warning: a" in screen.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("line\nbreak", "line\\nbreak"),
        ("\udcff.wav", "\\udcff.wav"),
        ("音 é", "音 é"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_json_lines_go_to_stdout_and_tables_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter(json_lines=True)
    reporter.event("done", kind="file", files=2)
    reporter.table("files", ["name"], [["x"]])
    reporter.result("x")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"event": "done", "kind": "file", "files": 2}
    assert err == ""


def test_quiet_leaves_warnings_only() -> None:
    screen = io.StringIO()
    reporter = TerminalReporter(quiet=True)
    reporter.console = Console(file=screen)
    reporter.info("not this")
    reporter.detail("nor this")
    reporter.warn("but this")
    assert screen.getvalue() == "warning: but this\n"


def test_a_phase_is_a_line_at_once_without_a_terminal_and_a_bar_with_one() -> None:
    screen = io.StringIO()
    reporter = TerminalReporter()
    reporter.console = Console(file=screen)
    with reporter.phase("matching", 3, "frames") as task:
        task.advance(2)
    assert screen.getvalue() == "matching\n"
    reporter, screen = on_a_terminal()
    with reporter.phase("matching", 3, "frames") as task:
        task.advance(2)
    assert "2/3 frames" in screen.getvalue()
    reporter = TerminalReporter(quiet=True)
    reporter.console = Console(file=(screen := io.StringIO()))
    with reporter.phase("matching"):
        pass
    assert screen.getvalue() == ""


def test_without_a_terminal_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 31.0, 32.0, 70.0])
    monkeypatch.setattr("styleshift.cli.console.time.monotonic", lambda: next(clock))
    screen = io.StringIO()
    reporter = TerminalReporter()
    reporter.console = Console(file=screen)
    with reporter.task("training", 10, "steps") as task:
        task.advance(1, loss=0.5)
        task.advance(2, loss=0.25)
        task.advance(3, loss=0.125)
        task.advance(1)  # figures come at every tenth step or so, and hardly ever when a line is due
    assert screen.getvalue() == "training: 3/10 steps  loss 0.25\ntraining: 7/10 steps  loss 0.125\n"


def test_narrow_columns_leave_room_for_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    head = "sounds like the target style"
    name = "Album One/01 Song.flac"
    TerminalReporter().table(
        "", ["file", head, f"{head} too"], [[name, "1", "1"]], narrow=(head, f"{head} too")
    )
    assert name in capsys.readouterr().out


def test_columns_for_which_there_is_no_room_follow_in_further_tables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    heads = [f"percussive share {place}" for place in range(9)]
    TerminalReporter().table("all", ["file", *heads], [["a.wav", *map(str, range(100, 109))]], narrow=heads)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("a.wav") == 3
    assert out.count("percussive") == 9
    for value in range(100, 109):
        assert out.count(str(value)) == 1
