"""What was done is remembered through any kill, and two runs never meet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from styleshift.audio.things import Thing, ThingKind
from styleshift.conversion.library import journal as journal_module
from styleshift.conversion.library.journal import JournalEntry, LibraryJournal
from styleshift.conversion.library.store_journal import peek_journal
from styleshift.errors import LockedError, UsageError
from styleshift.system.hashing import FileStamp
from styleshift.system.table import TableError
from styleshift.words import Remark, kind_of_remark


def test_the_last_word_counts(tmp_path: Path) -> None:
    with LibraryJournal(tmp_path) as journal:
        journal.write(JournalEntry("a.mp3", "begun", "k1"))
        journal.write(JournalEntry("b\udce9\n[/red].mp3", "done", "k1", "ff", FileStamp(3, 4)))
        journal.write(JournalEntry("a.mp3", "done", "k1", "00", FileStamp(1, 2)))
    with LibraryJournal(tmp_path) as journal:
        assert journal.entry("a.mp3") == JournalEntry("a.mp3", "done", "k1", "00", FileStamp(1, 2))
        assert journal.entry("b\udce9\n[/red].mp3") == JournalEntry(
            "b\udce9\n[/red].mp3", "done", "k1", "ff", FileStamp(3, 4)
        )
        assert journal.entry("c.mp3") is None


def test_the_runtime_of_the_newest_outputs_is_known_by_device(tmp_path: Path) -> None:
    with LibraryJournal(tmp_path) as journal:
        journal.write(JournalEntry("a", "done", "k", runtime="fast", device="cpu"))
        journal.write(JournalEntry("b", "done", "k", runtime="half", device="cuda"))
        journal.write(JournalEntry("c", "done", "k", runtime="onnxruntime", device="cpu"))
        journal.write(JournalEntry("d", "done", "other", runtime="x", device="cpu"))
        journal.write(JournalEntry("e", "begun", "k", runtime="x", device="cpu"))
        journal.write(JournalEntry("f", "done", "k"))  # as an older version wrote it
    assert peek_journal(tmp_path).runtimes("k") == {"cpu": "onnxruntime", "cuda": "half"}
    assert peek_journal(tmp_path / "nowhere").runtimes("k") == {}


def test_a_line_cut_at_any_byte_is_forgotten_and_the_rest_kept(tmp_path: Path) -> None:
    with LibraryJournal(tmp_path) as journal:
        journal.write(JournalEntry("a", "done", "k"))
        journal.write(JournalEntry("b", "done", "k"))
    file = tmp_path / ".styleshift" / "journal.jsonl"
    data = file.read_bytes()
    first = data.index(b"\n") + 1
    for length in range(first, len(data) - 1):
        file.write_bytes(data[:length])
        with LibraryJournal(tmp_path) as journal:
            assert journal.entry("a") is not None
            journal.write(JournalEntry("c", "done", "k"))
        with LibraryJournal(tmp_path) as journal:
            assert journal.entry("a") is not None
            assert journal.entry("c") is not None
            assert journal.entry("b") is None or length == len(data) - 1


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line that counts no more is one too many."""
    monkeypatch.setattr("styleshift.conversion.library.journal._FEW", 0)


@pytest.mark.usefixtures("short")
def test_a_long_journal_keeps_one_line_an_output_once_it_is_closed(tmp_path: Path) -> None:
    for part in ("", "1of2", ""):
        with LibraryJournal(tmp_path, part) as journal:
            journal.write(JournalEntry("a", "begun", "k"))
            journal.write(
                JournalEntry("a", "done", f"k{part}", "ff", FileStamp(1, 2, 3, 4), result={"x": [1]})
            )
            known = journal.entry("a")
    files = list((tmp_path / ".styleshift").glob("journal*"))
    assert [(file.name, file.read_bytes().count(b"\n")) for file in files] == [("journal.jsonl", 1)]
    found = peek_journal(tmp_path).entry("a")
    assert found == known
    assert found is not None
    assert (found.result, found.stamp) == ({"x": [1]}, FileStamp(1, 2, 3, 4))


def kinds_there(result: dict[str, object]) -> list[str]:
    return [kind_of_remark(each) for name in ("warnings", "changed") for each in result.get(name, ())]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("short")
def test_what_files_are_counted_by_is_remembered_apart_from_what_is_said(tmp_path: Path) -> None:
    said = {
        "seconds": 1.5,
        "warnings": (Remark("3 dB softer", "softer"), "silent"),
        "changed": [Remark('4 "s" longer\u2026', "longer")],
    }
    kinds = ["softer", "silent", "longer"]
    for _ in range(2):  # written, then read back and written again
        with LibraryJournal(tmp_path) as journal:
            journal.write(JournalEntry("a", "begun", "k"))
            journal.write(JournalEntry("a", "done", "k", result=said))
            journal.write(JournalEntry("b", "done", "k", result={"lost": ["cover"]}))
            found = journal.entry("a")
            assert found is not None
            assert kinds_there(found.result) == kinds
        found = peek_journal(tmp_path).entry("a")
        assert found is not None
        assert kinds_there(found.result) == kinds
        said = found.result
    lines = (tmp_path / ".styleshift" / "journal.jsonl").read_text().splitlines()
    by_target = {line["target"]: line for line in map(json.loads, lines)}
    assert by_target["a"]["result"]["warnings"] == ["3 dB softer", "silent"]
    assert "kinds" not in by_target["b"]


@pytest.mark.parametrize(
    "kinds",
    [
        "",
        *(f', "kinds": {kinds}' for kinds in ("{}", "7", '"x"', "null", "true", "[]", '["3 dB softer"]')),
        ', "kinds": {"other": "x", "3 dB softer": 7}',
        ', "kinds": {"3 dB softer": {"result": {"x": "y"}}}',
        ', "kinds": {"result": "y"}',
        ', "kinds": {"result": {"x": "y"}}',
        ', "kinds": {"\\"result": "y"}',
        ', "kinds": {"result": "y"}, "result": {}',
    ],
)
def test_a_line_without_kinds_or_with_strange_ones_is_read(tmp_path: Path, kinds: str) -> None:
    file = tmp_path / ".styleshift" / "journal.jsonl"
    file.parent.mkdir()
    line = (
        f'{{"target": "a", "state": "done", "key": "k"{kinds}, "result": {{"warnings": ["3 dB softer", 1]}}}}'
    )
    file.write_text(line + "\n")
    found = peek_journal(tmp_path).entry("a")
    assert found is not None
    assert found.result == {"warnings": ["3 dB softer", 1]}
    assert kinds_there(found.result) == ["3 dB softer", 1]


def test_what_is_lost_keeps_what_it_is_counted_by(tmp_path: Path) -> None:
    lost = (Thing("2 chapters", ThingKind.CHAPTERS, "chapters"), Thing("a video", ThingKind.TRACKS), "cover")
    with LibraryJournal(tmp_path) as journal:
        journal.write(JournalEntry("a", "done", "k", result={"lost": lost}))
    found = peek_journal(tmp_path).entry("a")
    assert found is not None
    assert found.result == {"lost": [*lost]}
    assert [*map(kind_of_remark, found.result["lost"])] == ["chapters", "a video", "cover"]
    line = json.loads((tmp_path / ".styleshift" / "journal.jsonl").read_text())
    assert line["kinds"] == {"2 chapters": "chapters"}


@pytest.mark.usefixtures("short")
def test_what_another_run_wrote_after_a_look_is_known_on_entering(tmp_path: Path) -> None:
    with LibraryJournal(tmp_path, "1of2") as journal:
        journal.write(JournalEntry("a", "done", "k"))
    early = peek_journal(tmp_path, "2of2")
    for part in ("1of2", ""):  # appended to, then written anew
        with LibraryJournal(tmp_path, part) as journal:
            journal.write(JournalEntry("b", "done", f"k{part}"))
            assert journal.entry("a") is not None
        with early:
            found = early.entry("b")
            assert found is not None
            assert found.key == f"k{part}"
            assert early.entry("a") is not None


def test_garbage_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / ".styleshift" / "journal.jsonl"
    file.parent.mkdir()
    file.write_bytes(
        b'[]\nnull\n7\n{"target": 1}\n\xff\xfe\n{"target": "a", "state": "done", "key": "k", "new": 1}\n'
    )
    with LibraryJournal(tmp_path) as journal:
        assert journal.entry("a") == JournalEntry("a", "done", "k")


def test_a_second_run_is_turned_away(tmp_path: Path) -> None:
    with LibraryJournal(tmp_path), pytest.raises(LockedError) as caught, LibraryJournal(tmp_path):
        pass
    assert caught.value.exit_code == 11
    with LibraryJournal(tmp_path):
        pass


def test_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, pathlib; from styleshift.conversion.library.journal import *;"
        f"j = LibraryJournal(pathlib.Path({str(tmp_path)!r})); j.__enter__();"
        "j.write(JournalEntry('a', 'done', 'k'));"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with LibraryJournal(tmp_path) as journal:
        assert journal.entry("a") is not None


def test_parts_have_locks_of_their_own_and_know_of_each_other(tmp_path: Path) -> None:
    with LibraryJournal(tmp_path, "1of2") as first, LibraryJournal(tmp_path, "2of2") as second:
        first.write(JournalEntry("a", "done", "k"))
        second.write(JournalEntry("b", "done", "k"))
    with LibraryJournal(tmp_path) as journal:
        assert journal.entry("a") is not None
        assert journal.entry("b") is not None


def test_the_newest_word_of_all_journals_counts(tmp_path: Path) -> None:
    for part, key in (("1of2", "old"), ("", "newer"), ("1of2", "newest"), ("", "last")):
        with LibraryJournal(tmp_path, part) as journal:
            journal.write(JournalEntry("a", "done", key))
        with LibraryJournal(tmp_path) as journal:
            found = journal.entry("a")
            assert found is not None
            assert found.key == key


def test_a_clock_that_goes_back_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LibraryJournal(tmp_path, "1of2") as journal:
        journal.write(JournalEntry("a", "done", "old"))
    monkeypatch.setattr("styleshift.conversion.library.journal.time.time_ns", lambda: 5)
    with LibraryJournal(tmp_path) as journal:
        journal.write(JournalEntry("a", "done", "new"))
    with LibraryJournal(tmp_path) as journal:
        found = journal.entry("a")
        assert found is not None
        assert found.key == "new"


def test_a_run_over_all_and_one_over_a_part_exclude_each_other(tmp_path: Path) -> None:
    for first, second in (("", "1of2"), ("1of2", ""), ("1of2", "1of2")):
        with LibraryJournal(tmp_path, first), pytest.raises(LockedError), LibraryJournal(tmp_path, second):
            pass
    with LibraryJournal(tmp_path, "1of2"), LibraryJournal(tmp_path, "2of2"):
        pass
    with LibraryJournal(tmp_path):
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"), LibraryJournal(tmp_path / "file" / "out"):
        pass


def test_figures_are_known_wherever_they_stand_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / ".styleshift" / "journal.jsonl"
    file.parent.mkdir()
    start = '"state": "done", "key": "k"'
    figures = '"result": {"seconds": 1.5, "lost": ["cover"]}'
    file.write_text(
        f'{{"target": "as written now", {start}, {figures}}}\n'
        f'{{"target": "as written before", {start}, {figures}, "time_ns": 5}}\n'
        f'{{"target": "with other spaces", {start},{figures.replace(" ", "")}}}\n'
        f'{{"target": "\\"result\\": {{}}", {start}, {figures}}}\n'
        f'{{"target": "with spaces behind it", {start}, {figures}}} \r\n'
        f'{{"target": "with spaces inside", {start}, {figures} }}\n'
        f'{{"target": "of a later version", {start}, "new": {{"result": {{"x": 1}}}}, {figures}}}\n'
        f'{{"target": "both", {start}, "new": {{"result": {{"x": 1}}}},{figures.replace(" ", "")}}}\n'
        f'{{"target": "none", {start}}}\n'
    )
    journal = peek_journal(tmp_path)
    found = dict(journal.table.execute("SELECT target, result FROM entry"))
    for target, text in found.items():
        assert json.loads(text) == ({} if target == b"none" else {"seconds": 1.5, "lost": ["cover"]}), target
    assert len(found) == 9


@pytest.mark.parametrize("line", ['"state": ["done"], "key": "k"', '"state": "\\udc80", "key": "k"',
                                  f'"state": "done", "key": "k", "size": {1 << 70}'])  # fmt: skip
def test_what_a_table_cannot_hold_is_passed_over(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".styleshift" / "journal.jsonl"
    file.parent.mkdir()
    file.write_text(f'{{"target": "a", {line}}}\n{{"target": "b", "state": "done", "key": "k"}}\n')
    journal = peek_journal(tmp_path)
    assert journal.entry("a") is None
    assert journal.entry("b") is not None


def test_what_is_written_before_entering_stays_here(tmp_path: Path) -> None:
    journal = peek_journal(tmp_path)
    journal.write(JournalEntry("a", "done", "k"))
    journal.sync()
    assert journal.entry("a") is not None
    assert list(tmp_path.iterdir()) == []


def test_no_line_is_lost_where_the_table_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_FEW", 2)
    journal = LibraryJournal(tmp_path)
    with pytest.raises(TableError), journal:  # noqa: PT012
        for _ in range(20):
            journal.write(JournalEntry("a", "done", "k"))
        journal.table.execute("PRAGMA max_page_count = 8")
        for number in range(1000):
            journal.write(JournalEntry(f"b{number}", "done", "k", result={"text": "x" * 1000}))
    number = len((tmp_path / ".styleshift" / "journal.jsonl").read_bytes().splitlines()) - 21
    assert number > 0
    with LibraryJournal(tmp_path) as journal:  # nobody holds its lock
        assert journal.entry(f"b{number}") is not None


def test_a_line_of_an_earlier_version_with_a_large_inode_is_known(tmp_path: Path) -> None:
    (tmp_path / ".styleshift").mkdir()
    line = {"target": "a", "state": "done", "key": "k", "inode": (1 << 64) - 2}
    (tmp_path / ".styleshift" / "journal.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    entry = peek_journal(tmp_path).entry("a")
    assert entry is not None
    assert entry.stamp.inode == (1 << 63) - 2


def test_the_lock_is_let_go_of_also_where_a_journal_cannot_be_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LibraryJournal, "_shorten", stopped)
        with pytest.raises(KeyboardInterrupt), LibraryJournal(tmp_path) as journal:
            journal.write(JournalEntry("a", "done", "k"))
    with LibraryJournal(tmp_path) as journal:
        assert journal.entry("a") is not None
