"""Chapters at times that cannot be: named, and in nobody's way.

Of styleshift.audio.tags.model, styleshift.audio.tags.vorbis and styleshift.audio.tags.copy.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from audio_files import silence, target_for
from mutagen.flac import FLAC

from styleshift.audio.tags import copy
from styleshift.audio.tags.copy import copy_tags
from styleshift.audio.tags.model import Chapter, Tags
from styleshift.audio.tags.mp4 import read_mp4
from styleshift.audio.tags.read import read_tags
from styleshift.errors import AudioError

LATEST = 2**32 / 1000 - 0.001


@pytest.mark.parametrize("time", ["nan", "inf", "1e400", "-5", "99999999:00:00", "4294967.2959", "soon", ""])
@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3", "m4a", "wav", "aiff"])
def test_a_damaged_chapter_is_named_and_the_others_are_kept(tmp_path: Path, kind: str, time: str) -> None:
    old = silence(tmp_path / "old.flac")
    file = FLAC(old)
    file["CHAPTER001"], file["CHAPTER001NAME"] = [time], ["bad"]
    file["CHAPTER000"], file["CHAPTER000NAME"] = ["00:00:00.1"], ["good"]
    file["CHAPTER002"], file["CHAPTER002NAME"] = ["00:00:00.3"], ["last"]
    file.save()
    assert read_tags(old).chapters == [Chapter(0.1, 0.3, "good"), Chapter(0.3, 0.5, "last")]
    carried = copy_tags(old, new := target_for(old, kind))
    assert "2 chapters" in carried.kept
    assert carried.lost == (() if kind in ("flac", "ogg") else ("a damaged chapter",))
    assert [each.title for each in read_tags(new).chapters] == ["good", "last"]


def test_a_chapter_ends_at_a_time_that_all_formats_have() -> None:
    tags = Tags()
    tags.add_chapter(1.0, math.inf, "a")
    tags.add_chapter(2.0, math.nan, "b")
    tags.add_chapter(3.0, -1.0, "c")
    tags.add_chapter(-(2.0**63), 4.0, "d")
    assert [(each.start, each.end) for each in tags.chapters] == [(1.0, LATEST), (2.0, 2.0), (3.0, 3.0)]
    assert tags.foreign == ["a damaged chapter"]


def test_a_chapter_of_an_mp4_may_be_damaged_too() -> None:
    chapters = [SimpleNamespace(start=start, title=str(start)) for start in (0.0, 1e12)]
    file: Any = SimpleNamespace(tags=None, chapters=chapters, info=SimpleNamespace(length=5.0))
    found = read_mp4(file)
    assert (found.chapters, found.foreign) == ([Chapter(0.0, 5.0, "0.0")], ["a damaged chapter"])


def test_a_number_too_large_to_be_written_is_a_failure_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OverflowError("too large")

    old = silence(tmp_path / "old.flac")
    monkeypatch.setattr(copy, "_write", fail)
    with pytest.raises(AudioError, match="its tags cannot be written: too large"):
        copy_tags(old, target_for(old, "mp3"))
