"""Recordings behind an address become the same spectrograms as in a folder, read only when changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec")

from corpora import CONFIG

from styleshift.corpus import precompute
from styleshift.errors import NothingToDoError
from styleshift.workspace import Workspace


def arrays(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.npy")}


def test_the_same_arrays_as_from_a_folder(tmp_path: Path, tone: Any, save: Any) -> None:
    audio = tmp_path / "audio"
    save(audio / "piano" / "deep" / "a.wav", tone(1.0, 8000), 8000)
    save(audio / "violin" / "b.wav", tone(1.5, 8000), 8000)
    (audio / "violin" / "broken.flac").write_bytes(b"fLaC")
    here, there = Workspace(tmp_path / "here"), Workspace(tmp_path / "there")
    plain = precompute(audio, here, CONFIG, jobs=1)
    address = f"file://{audio}"
    stored = precompute(address, there, CONFIG, jobs=1)
    assert [each.to_dict() for each in stored.domains] == [each.to_dict() for each in plain.domains]
    assert arrays(tmp_path / "there") == arrays(tmp_path / "here")
    assert len(arrays(tmp_path / "there")) == 2

    save(audio / "violin" / "b.wav", tone(2.0, 8000), 8000)
    again = precompute(address, there, CONFIG, jobs=1)
    assert [(each.name, each.added, each.kept) for each in again.domains] == [
        ("piano", 0, 1),
        ("violin", 1, 0),
    ]
    with pytest.raises(NothingToDoError, match="no sub-folders") as caught:
        precompute(f"{address}/violin", there, CONFIG)
    assert f"precompute {address}" in caught.value.hint
