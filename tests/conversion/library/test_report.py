"""The page stays small whatever the library; the lines have every file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from styleshift.bundle.load import load_bundle
from styleshift.conversion.library.journal import JournalEntry, LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.report import write_reports
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.tracks import Track, TrackOutcome, Tracks
from styleshift.progress import Reporter


def test_a_page_of_many_failures_shows_some_and_counts_the_rest(models: ModuleType, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    names = [f"song {number}.flac" for number in range(2000)]
    journal = LibraryJournal(output)
    tracks = Tracks(journal.table)
    tracks.add("", (Track(number, name, name, (1, 2, 3, 4)) for number, name in enumerate(names)))
    result = LibraryResult(LibraryPlan(tmp_path, journal, tracks))
    for number, name in enumerate(names):
        if name.endswith("0.flac"):
            journal.write(JournalEntry(name, "done", "k", result={"lost": ["cover"]}))
            tracks.end(number, TrackOutcome(name, "done"))
        else:
            tracks.end(number, TrackOutcome(name, "failed", "damaged", "cut short", "fetch it again"))
    (output / ".report.html.0123abcd.part").touch()  # left by a run that was killed
    report = write_reports(result, load_bundle(models.make_model(tmp_path / "m.onnx")), "", Reporter())
    assert report is not None
    assert report.read_text().count("\n") == 2000
    assert {path.name for path in output.iterdir()} == {"report.jsonl", "report.html"}
    page = report.with_suffix(".html").read_text()
    assert page.count("cut short") == 500
    assert "And 1300 more, all in report.jsonl." in page
    assert page.count("1800 damaged: fetch it again") == page.count("fetch it again") == 1
    assert "1800 failed" in page


@pytest.mark.parametrize("count", [0, 1, 7, 12, 13, 23, 24, 25, 1000])
def test_a_page_has_twelve_players_wherever_there_are_as_many(
    models: ModuleType, tmp_path: Path, count: int
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    journal = LibraryJournal(output)
    tracks = Tracks(journal.table)
    names = [f"song {number}.flac" for number in range(count)]
    tracks.add("", (Track(number, name, name, (1, 2, 3, 4)) for number, name in enumerate(names)))
    for number, name in enumerate(names):
        tracks.end(number, TrackOutcome(name, "done"))
    some = [track.number for track in tracks.some(12, "status = 'done'")]
    assert len(some) == min(12, count)
    gaps = [after - before for before, after in pairwise(some)]
    assert not gaps or max(gaps) - min(gaps) <= 1
    result = LibraryResult(LibraryPlan(tmp_path, journal, tracks))
    report = write_reports(result, load_bundle(models.make_model(tmp_path / "m.onnx")), "", Reporter())
    assert report is not None
    page = report.with_suffix(".html").read_text()
    assert (f"12 of {count} recordings, spread over the library" in page) == (count > 12)
