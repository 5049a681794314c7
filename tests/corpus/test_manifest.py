"""What an unfinished run wrote down is read again, whatever ended it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from styleshift.corpus.manifest import JOURNAL_NAME, ManifestEntry, read_journal
from styleshift.system.hashing import FileStamp
from styleshift.system.lines import JsonLines


def test_a_torn_line_of_the_journal_costs_no_entry_behind_it(tmp_path: Path) -> None:
    entries = [ManifestEntry(name, f"key of {name}", "", "", FileStamp(1, 2, 3, 4)) for name in "ab"]
    for number, entry in enumerate(entries):
        with JsonLines(tmp_path / JOURNAL_NAME, sync=True) as journal:
            journal.append(asdict(entry))
        if not number:
            with (tmp_path / JOURNAL_NAME).open("a") as file:
                file.write('{"name": "to')
    assert read_journal(tmp_path) == entries
