"""What is planned, and known of earlier runs, where a side is in a store.

Of styleshift.conversion.library.planning and styleshift.conversion.library.store_journal.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("fsspec")

from styleshift import convert_library
from styleshift.conversion.library.journal import FOLDER
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.store_journal import StoreJournal
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.remote import Store


@pytest.mark.parametrize("below", ["", "/converted"])
def test_an_output_over_or_in_the_source_is_refused_however_it_is_written(tmp_path: Path, below: str) -> None:
    (tmp_path / "a.flac").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for output in (f"{tmp_path}{below}", f"{tmp_path}/link{below}", f"local://{tmp_path}{below}"):
        with pytest.raises(UsageError, match=r"is the source itself|is inside the source"):
            plan_library(f"file://{tmp_path}", "x", ConvertSettings(output=output))
    apart = ConvertSettings(output=f"{tmp_path}-x{below}")
    assert len(plan_library(f"file://{tmp_path}", "x", apart).jobs) == 1


def test_times_that_a_store_cannot_keep_are_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave `keep_times` out") as caught:
        plan_library(f"file://{tmp_path}", "x", ConvertSettings(keep_times=True))
    assert "time at which it came" in caught.value.message


def test_a_part_that_was_cut_short_costs_no_other(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/there")
    for number, text in enumerate(
        ('{"target": "half", "sta', '{"target": "a.flac", "state": "done", "key": "k"}\n')
    ):
        store.write(f"{FOLDER}/journal/{number}.jsonl", text.encode())
    journal = StoreJournal(store)
    journal.load()
    assert journal.entry("a.flac") is not None
    assert journal.entry("half") is None


def test_what_a_killed_run_left_half_sent_goes_with_the_next(tmp_path: Path, models: ModuleType) -> None:
    (tmp_path / "in" / "album").mkdir(parents=True)
    (tmp_path / "in" / "album" / "broken.flac").write_bytes(b"fLaC and no more")
    store = Store(f"file://{tmp_path}/out")
    store.write("album/.styleshift-0123456789abcdef-broken.flac", b"half")
    store.write("album/.styleshift-notes-of-mine.flac", b"whole")
    model = models.make_model(tmp_path / "m.onnx")
    convert_library(str(tmp_path / "in"), model, output=store.address, jobs=1, vocoder="source-phase")
    assert [name for name in store.stamps() if name.startswith("album")] == [
        "album/.styleshift-notes-of-mine.flac"
    ]


def test_the_signature_of_a_web_address_is_refused_before_it_is_part_of_a_name() -> None:
    with pytest.raises(UsageError) as caught:
        plan_library("https://host/song.wav?X-Amz-Signature=hush", "x", ConvertSettings())
    assert "hush" not in str(caught.value)


def test_a_folder_that_does_not_exist_is_said_not_to(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="nope does not exist"):
        plan_library(f"file://{tmp_path}/nope", "x", ConvertSettings(output=tmp_path / "out"))
