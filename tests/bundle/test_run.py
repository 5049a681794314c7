"""Which run is exported, under which names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from styleshift.bundle.run import export_run, file_name, find_run
from styleshift.errors import NothingToDoError, UsageError
from styleshift.workspace import Workspace


def test_the_latest_run_is_meant(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    for age, name in ((300, "b"), (100, "a"), (200, "c")):
        file = place.runs / name / "checkpoints" / "step-00000001.safetensors"
        file.parent.mkdir(parents=True)
        file.touch()
        os.utime(file, (1e9 - age, 1e9 - age))
    (place.runs / "killed-at-once").mkdir()
    assert find_run(place, None).name == "a"
    assert find_run(place, "c").name == "c"
    with pytest.raises(NothingToDoError, match="'d'") as caught:
        find_run(place, "d")
    assert "a, b, c" in caught.value.hint


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="no trained run"):
        export_run(Workspace(tmp_path))


@pytest.mark.parametrize("checkpoint", ["newest", "-3", "1.5", ""])
def test_a_checkpoint_is_best_last_or_a_step(tmp_path: Path, checkpoint: str) -> None:
    with pytest.raises(UsageError, match="checkpoint"):
        export_run(Workspace(tmp_path), checkpoint=checkpoint)


def test_domains_become_safe_file_names() -> None:
    assert file_name("a/b:c") == "a_b_c"
    assert file_name("音 楽") == "音 楽"
    assert file_name("..") == "_"
