"""What counts as a run, and which one is meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from styleshift.errors import NothingToDoError, UsageError
from styleshift.training.files import CheckpointFolder
from styleshift.training.find import find_run, free_name, which_is_exported, whole
from styleshift.workspace import Workspace


def make_run(place: Workspace, name: str, age: float = 0.0) -> Path:
    folder = place.runs / name
    file = CheckpointFolder(folder / "checkpoints").save({"a": torch.zeros(100)}, {"step": 3})
    (folder / "run.json").write_text("{}")
    for path in (file, folder / "run.json"):
        os.utime(path, (1e9 - age, 1e9 - age))
    return file


def test_the_latest_run_is_meant(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    for age, name in ((300, "b"), (100, "a"), (200, "c")):
        make_run(place, name, age)
    assert find_run(place).name == "a"
    assert find_run(place, "c").name == "c"
    with pytest.raises(NothingToDoError, match=r"no run 'd' in .*; available: a, b, c") as caught:
        find_run(place, "d")
    assert caught.value.hint == "take one of these, or leave the name out for the last"
    make_run(place, "violin-piano")
    with pytest.raises(NothingToDoError) as caught:
        find_run(place, "violin-paino")
    assert caught.value.hint == "did you mean violin-piano?"


def test_what_is_no_run_does_not_hide_one(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    make_run(place, "good", 1000)
    (place.runs / "broken").mkdir()
    (place.runs / "broken" / "lock").touch()
    (place.runs / "begun" / "checkpoints").mkdir(parents=True)
    (place.runs / "begun" / "run.json").write_text("{}")
    cut = make_run(place, "cut")
    cut.write_bytes(cut.read_bytes()[:-1])
    assert find_run(place).name == "good"
    for name in ("broken", "begun", "cut"):
        with pytest.raises(NothingToDoError, match=f"no run '{name}' that can be used in .*: good"):
            find_run(place, name)


def test_a_name_is_free_where_nothing_was_trained(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    (place.runs / "begun").mkdir(parents=True)
    assert free_name(place, ("a", "b"), "begun") == place.runs / "begun"
    cut = make_run(place, "cut")
    cut.write_bytes(cut.read_bytes()[:-1])  # may be of use to its owner yet
    with pytest.raises(UsageError, match="'cut' exists already"):
        free_name(place, ("a", "b"), "cut")
    make_run(place, "a-b")
    assert free_name(place, ("a", "b")).name == "a-b-2"
    assert free_name(place, ("a", "b"), taken=[place.runs / "a-b-2"]).name == "a-b-3"


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"\xff" * 20, b"\x02" + b"\0" * 7 + b"[]"])
def test_other_files_are_no_checkpoints(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert not whole(tmp_path / "x")
    assert not whole(tmp_path / "absent")


def test_looking_for_a_run_needs_no_pytorch() -> None:
    code = "import sys, styleshift.bundle.run, styleshift.training.find; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_second_run_of_a_pair_says_which_one_is_exported(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    for age, name, domains in ((300, "old", "ab"), (200, "new", "ba"), (100, "other", "ac")):
        make_run(place, name, age)
        file = place.runs / name / "run.json"
        file.write_text(json.dumps({"domains": list(domains)}))
        os.utime(file, (1e9 - age, 1e9 - age))
    said = which_is_exported(place, place.runs / "new")
    assert said == (
        "2 runs are of a and b, new and old: `styleshift export` takes new, which was trained last; "
        "`styleshift export` `run=old` takes another"
    )
    assert which_is_exported(place, place.runs / "other") == ""
    (place.runs / "old" / "run.json").write_text("{}")
    assert which_is_exported(place, place.runs / "new") == ""
