"""What ``styleshift convert`` says of a run that ended before its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from styleshift.cli.console import TerminalReporter
from styleshift.cli.convert_show import show_result
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.tracks import Track, Tracks
from styleshift.conversion.library.worker import TrackOutcome
from styleshift.errors import AudioError
from styleshift.system.interrupt import Interrupted, StopRequest

FULL = TrackOutcome("a.wav", "failed", "disk full", "the journal cannot be written: No space left on device")


def result_of(tmp_path: Path, *, single: bool) -> LibraryResult:
    journal = LibraryJournal(tmp_path / "out")
    tracks = Tracks(journal.table)
    tracks.add("", [Track(0, "a.wav", "a.wav", (1, 2, 3, 4))])
    return LibraryResult(LibraryPlan(tmp_path / "a.wav", tmp_path / "out", journal, tracks, single=single))


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
