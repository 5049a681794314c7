"""What an unfinished run wrote down is read again, whatever ended it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from styleshift.corpus.manifest import JOURNAL_NAME, ManifestEntry, read_journal
from styleshift.system.hashing import FileStamp
from styleshift.system.lines import JsonLines
from styleshift.words import Remark, kind_of_remark


def test_a_torn_line_of_the_journal_costs_no_entry_behind_it(tmp_path: Path) -> None:
    entries = [ManifestEntry(name, f"key of {name}", "", "", FileStamp(1, 2, 3, 4)) for name in "ab"]
    for number, entry in enumerate(entries):
        with JsonLines(tmp_path / JOURNAL_NAME, sync=True) as journal:
            journal.append(entry.to_dict())
        if not number:
            with (tmp_path / JOURNAL_NAME).open("a") as file:
                file.write('{"name": "to')
    assert read_journal(tmp_path) == entries


def test_a_warning_keeps_its_kind() -> None:
    said = (Remark("3 bytes more", "bytes more"), "its channels cancel")
    text = json.dumps(ManifestEntry("a", warnings=said).to_dict())
    (remark, plain) = ManifestEntry.from_dict(json.loads(text)).warnings
    assert (remark, plain) == said
    assert (kind_of_remark(remark), kind_of_remark(plain)) == ("bytes more", plain)


def test_what_was_written_before_kinds_is_read() -> None:
    before = ManifestEntry("a").to_dict() | {"warnings": ["3 bytes more"]}
    assert ManifestEntry.from_dict(before).warnings == ("3 bytes more",)
    with pytest.raises(TypeError):
        ManifestEntry.from_dict(before | {"warnings": [["3 bytes more"]]})
