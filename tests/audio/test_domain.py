from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from styleshift.audio.domain import find_folders, styleshift_domains
from styleshift.hooks import NoOptions


def test_each_sub_folder_is_a_domain(tmp_path: Path, tone: Any, save: Any) -> None:
    for name in ("piano/a.wav", "piano/live/b.wav", "violin/a.wav", "loose.wav", "empty/x.txt"):
        save(tmp_path / name, tone(0.1), format="WAV")
    found = find_folders(NoOptions(), tmp_path)
    assert {name: [item.name for item in items] for name, items in found.items()} == {
        "piano": ["a.wav", "live/b.wav"],
        "violin": ["a.wav"],
    }


def test_a_recording_can_be_sent_to_a_worker_and_opened_there(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "piano/a.wav", tone(0.1))
    (recording,) = find_folders(NoOptions(), tmp_path)["piano"]
    copied = pickle.loads(pickle.dumps(recording))
    stream = copied.open()
    assert sum(len(block) for block in stream.blocks(100)) == 2205
    stream.close()


def test_the_source_is_brought_by_the_hook() -> None:
    (spec,) = styleshift_domains()
    assert spec.name == "folders"
    assert spec.find is find_folders
