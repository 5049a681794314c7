"""What ``styleshift convert`` says of a run that ended before its end, and of a dry run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from styleshift.cli.console import TerminalReporter
from styleshift.cli.convert_show import show_forecast, show_result
from styleshift.conversion.library.forecast import LibraryForecast, TrackForecast
from styleshift.conversion.library.journal import JournalEntry, LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.result import LibraryResult, count_hints
from styleshift.conversion.library.tracks import Track, TrackOutcome, Tracks
from styleshift.errors import AudioError
from styleshift.system.interrupt import Interrupted, StopRequest
from styleshift.words import Remark

FULL = TrackOutcome("a.wav", "failed", "disk full", "the journal cannot be written: No space left on device")


def result_of(tmp_path: Path, *, single: bool) -> LibraryResult:
    journal = LibraryJournal(tmp_path / "out")
    tracks = Tracks(journal.table)
    tracks.add("", [Track(0, "a.wav", "a.wav", (1, 2, 3, 4))])
    return LibraryResult(LibraryPlan(tmp_path / "a.wav", journal, tracks, single=single))


@pytest.mark.parametrize("single", [False, True])
def test_a_disk_that_was_full_before_the_first_file_is_said_to_be(tmp_path: Path, single: bool) -> None:
    """Then no file has an outcome, for the journal comes first."""
    result = result_of(tmp_path, single=single)
    result.fatal = FULL
    with pytest.raises(AudioError, match="the disk is full") as caught:
        show_result(result, StopRequest(), TerminalReporter(quiet=True))
    assert ("a.wav is not written" if single else "0 of 1 files are done") in caught.value.message
    assert caught.value.hint.startswith("make space")


def test_one_recording_that_was_stopped(tmp_path: Path) -> None:
    result = result_of(tmp_path, single=True)
    result.stopped = True
    with pytest.raises(Interrupted, match=r"a\.wav is not written"):
        show_result(result, StopRequest(), TerminalReporter(quiet=True))


def test_of_files_in_a_store_no_seconds_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = replace(result_of(tmp_path, single=False).plan, fetch="s3://music/library")
    track = TrackForecast(plan.jobs[0], "convert")
    show_forecast(LibraryForecast(plan, (track,), 1, 0.0, "onnx"), TerminalReporter())
    said = capsys.readouterr()
    assert "only names and sizes" in " ".join((said.out + said.err).split())
    assert "0 or more will fail" in said.out
    assert "0.0 seconds" not in said.out + said.err


def test_of_many_that_will_fail_the_first_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = result_of(tmp_path, single=False).plan
    track = TrackForecast(plan.jobs[0], "fail", "unreadable", "what was found", "what to try")
    show_forecast(LibraryForecast(plan, (track,) * 52, 1, 0.0, "onnx"), TerminalReporter())
    said = capsys.readouterr()
    assert said.out.count("what was found") == 1 + 50  # the head of the column
    assert "and 2 more; --json tells of all" in said.out
    assert "52 unreadable: what to try" in said.err


def test_what_is_lost_in_files_and_differs_in_a_value_has_one_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = LibraryJournal(tmp_path / "out")
    tracks = Tracks(journal.table)
    names = [f"{number}.wav" for number in range(5)]
    tracks.add("", [Track(number, name, name, (1, 2, 3, 4)) for number, name in enumerate(names)])
    plan = LibraryPlan(tmp_path / "x", journal, tracks)
    foretold = []
    for number, name in enumerate(names):
        lost = (Remark(f"title of the ID3 tag: Dance {number}", "title of the ID3 tag"),)
        journal.write(JournalEntry(name, "done", "k", result={"lost": lost, "changed": ("rate",)}))
        tracks.end(number, TrackOutcome(name, "done"))
        foretold.append(TrackForecast(plan.job(tracks.one(number)), "convert", changed=("rate",), lost=lost))
    show_forecast(LibraryForecast(plan, tuple(foretold), 1, 0.0, "onnx"), TerminalReporter())
    planned = capsys.readouterr().out
    show_result(LibraryResult(plan), StopRequest(), TerminalReporter())
    for said in (planned, capsys.readouterr().out):
        text = " ".join(re.sub("[\u2500-\u257f]", " ", said).split())
        assert "title of the ID3 tag lost 5 0.wav rate changed 5 0.wav" in text
        assert "Dance" not in text


def test_a_hint_is_said_once_and_says_of_how_many() -> None:
    failures = [("damaged", "fetch", "a"), ("damaged", "fetch", "b"), ("damaged", "salvage", "c\nd")]
    failures += [("damaged", "", "e"), ("unreadable", "play", "f"), ("absurd header", "play", "g")]
    failures.append(("bug", "", "h"))
    assert count_hints(failures) == [
        ("2 of 4 damaged", "fetch"),
        ("1 unreadable (f) and 1 absurd header (g)", "play"),
        ("1 of 4 damaged (c\\nd)", "salvage"),
    ]
    assert len(count_hints(("damaged", f"{number}", "a") for number in range(9))) == 5


def test_how_to_convert_what_was_left_out_as_our_own_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = result_of(tmp_path, single=False)
    job = result.plan.jobs[0]
    show_forecast(
        LibraryForecast(result.plan, (TrackForecast(job, "left out"),), 1, 0.0, "x"), TerminalReporter()
    )
    planned = capsys.readouterr().err
    result.plan.tracks.end(0, TrackOutcome("a.wav", "left out", "own"))
    show_result(result, StopRequest(), TerminalReporter())
    for said in (planned, capsys.readouterr().err):
        assert "1 made by styleshift, left out: try " in said
        assert said.count("include") == 1
