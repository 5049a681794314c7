"""The page stays small whatever the library; the lines have every file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from html_pages import read

from styleshift.audio.find import Skipped
from styleshift.bundle.load import load_bundle
from styleshift.conversion.library.journal import JournalEntry, LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.report import report_lines, write_reports
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.run import convert_plan
from styleshift.conversion.library.tracks import Track, TrackOutcome, Tracks
from styleshift.conversion.settings import ConvertSettings
from styleshift.progress import Reporter
from styleshift.words import Remark


def library(place: Path, count: int) -> tuple[list[str], LibraryJournal, Tracks]:
    """Names of so many files, and where their ends are noted."""
    output = place / "out"
    output.mkdir()
    names = [f"song {number}.flac" for number in range(count)]
    journal = LibraryJournal(output)
    tracks = Tracks(journal.table)
    tracks.add("", (Track(number, name, name, (1, 2, 3, 4)) for number, name in enumerate(names)))
    return names, journal, tracks


def test_a_page_of_many_failures_shows_some_and_counts_the_rest(models: ModuleType, tmp_path: Path) -> None:
    names, journal, tracks = library(tmp_path, 2000)
    output = tmp_path / "out"
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
    names, journal, tracks = library(tmp_path, count)
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


def test_the_page_tells_each_warning_once_with_its_files(models: ModuleType, tmp_path: Path) -> None:
    names, journal, tracks = library(tmp_path, 200)
    tracks.skip(Skipped(f"scan {number}.pdf", "not audio", "not a kind", False) for number in range(5))
    for number, name in enumerate(names):
        warnings = ["a voice"] if number < 150 else ["silent"] if number == 199 else []
        journal.write(JournalEntry(name, "done", "k", result={"warnings": warnings}))
        # An earlier run's warnings are still true.
        tracks.end(number, TrackOutcome(name, "unchanged" if number % 2 else "done"))
    result = LibraryResult(LibraryPlan(tmp_path, journal, tracks))
    report = write_reports(result, load_bundle(models.make_model(tmp_path / "m.onnx")), "", Reporter())
    assert report is not None
    page = read(report.with_suffix(".html"))
    text = " ".join(" ".join(page.text).split())
    assert "Warning Files Which a voice 150 song 0.flac song 1.flac song 2.flac and 147 more song 3" in text
    assert "song 99.flac And 50 more, all in report.jsonl. silent 1 song 199.flac" in text
    assert "Why Files Which not a kind 5 scan 0.pdf scan 1.pdf scan 2.pdf and 2 more scan 3.pdf" in text
    assert [tag for tag, _ in page.tags].count("details") == 2


class Heard(Reporter):
    """Remembers its warnings."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, text: str) -> None:
        self.said.append(text)


def test_of_files_with_one_warning_three_are_named_and_the_others_are_where_it_says(
    models: ModuleType, tmp_path: Path
) -> None:
    (source := tmp_path / "l").mkdir()
    for name in "abcde":
        soundfile.write(source / f"{name}.wav", np.zeros(4000), 16000)
    made = ConvertSettings(vocoder="source-phase", jobs=1)
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx"))
    result = convert_plan(plan_library(source, "x", made), bundle, made, reporter=(heard := Heard()))
    silent = "silent: there was nothing to convert, the silence is kept"
    assert heard.said[-1] == f"2 more: {silent}; report.jsonl names them"
    assert len(heard.said) == 4
    assert [line["warnings"] for line in report_lines(result, str)] == [[silent]] * 5


def test_warnings_that_differ_in_a_value_are_counted_as_one_and_reported_each(
    models: ModuleType, tmp_path: Path
) -> None:
    (source := tmp_path / "l").mkdir()
    for number, name in enumerate("abcde"):
        soundfile.write(path := source / f"{name}.wav", np.sin(np.arange(8000) / 9), 16000)
        path.write_bytes(path.read_bytes()[: -(number + 1) * 2000])
    made = ConvertSettings(vocoder="source-phase", jobs=1, salvage=True)
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx"))
    result = convert_plan(plan_library(source, "x", made), bundle, made, reporter=(heard := Heard()))
    cut = [text for text in heard.said if "cut short" in text]
    assert len(cut) == 4
    assert cut[-1] == "2 more: cut short; report.jsonl names them"
    lines = [*report_lines(result, str)]
    told = [text for line in lines for text in line["warnings"] if "cut short:" in text]
    assert len(set(told)) == 5
    for again in (False, True):
        if again:  # what is read back from the journal has its kinds still
            result = convert_plan(plan_library(source, "x", made), bundle, made)
            assert result.count("unchanged") == 5
        report = write_reports(result, bundle, "", Reporter())
        assert report is not None
        page = read(report.with_suffix(".html")).text
        assert set(told) <= set(page)
        text = " ".join(" ".join(page).split())
        assert f" cut short such as: {told[0]} 5 a.wav b.wav " in text
        assert f" sound: not all is there such as: {lines[0]['lost'][0]} lost 5 a.wav b.wav " in text


def unlike_page(models: ModuleType, place: Path, results: list[dict[str, list[str]]]) -> str:
    """The text of a page, from what is not as in the source on."""
    names, journal, tracks = library(place, len(results))
    for number, (name, result) in enumerate(zip(names, results, strict=True)):
        journal.write(JournalEntry(name, "done", "k", result=result))
        tracks.end(number, TrackOutcome(name, "done"))
    bundle = load_bundle(models.make_model(place / "m.onnx"))
    report = write_reports(LibraryResult(LibraryPlan(place, journal, tracks)), bundle, "", Reporter())
    assert report is not None
    assert "kinds" not in report.read_text()
    text = " ".join(" ".join(read(report.with_suffix(".html")).text).split())
    return text[text.index("Not as in the source") :]


def test_what_is_unlike_the_source_in_one_way_has_one_row(models: ModuleType, tmp_path: Path) -> None:
    def softer(number: int) -> str:
        return Remark(f"{number} dB softer", "1 dB softer, or more")

    files: list[dict[str, list[str]]] = [{"changed": [softer(number + 3)]} for number in range(14)]
    files[2]["lost"] = ["cover"]
    files[5] = {"changed": ["48000 Hz becomes 44100 Hz", softer(8)]}
    text = unlike_page(models, tmp_path, files)
    assert text.startswith(
        "Not as in the source What Is Files Which cover lost 1 song 2.flac"
        " 1 dB softer, or more such as: 3 dB softer changed 14"
        " song 0.flac song 1.flac 4 dB softer song 2.flac 5 dB softer and 11 more song 3.flac 6 dB softer"
    )
    assert "song 13.flac 16 dB softer 48000 Hz becomes 44100 Hz changed 1 song 5.flac Listen" in text


def test_files_of_which_the_very_same_is_said_have_no_sentence_each(
    models: ModuleType, tmp_path: Path
) -> None:
    same = Remark("3 dB softer", "1 dB softer, or more")
    text = unlike_page(models, tmp_path, [{"changed": [same]}, {"changed": [same]}])
    assert "What Is Files Which 3 dB softer changed 2 song 0.flac song 1.flac Listen" in text
