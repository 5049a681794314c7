"""A file is the old one or the new one, whole, and nothing is left behind."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from styleshift.system import files
from styleshift.system.files import (
    atomic_file,
    atomic_path,
    insert,
    remove_partial_files,
    write_json,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "old")
    with atomic_file(path) as file:
        file.write(b"ne")
        assert path.read_text() == "old"
        file.write(b"w")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.json"]


def _write_and_raise(file: BinaryIO, error: type[BaseException]) -> None:
    file.write(b"new")
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_after_an_error_only_the_old_file_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.json"
    write_text(path, "old")
    with pytest.raises(error), atomic_file(path) as file:
        _write_and_raise(file, error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_bytes_are_on_the_disk_before_the_name_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    seen = []
    real = os.fsync

    def fsync(file: int) -> None:
        seen.append((path.exists(), stat.S_ISDIR(os.fstat(file).st_mode)))
        real(file)

    monkeypatch.setattr(files.os, "fsync", fsync)
    with atomic_path(path) as partial:
        partial.write_bytes(b"1")
    assert seen[0] == (False, False)  # the file, before it is renamed
    if os.name == "posix":
        assert seen[1:] == [(True, True)]  # then its folder


def test_a_folder_that_cannot_be_written_to_is_found_out_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"), atomic_path(tmp_path / "missing" / "a"):
        raise AssertionError("the work began")


def test_any_name_and_the_permissions_of_an_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    for name in ("ü" * 100, "n" * 250, os.fsdecode(b"\xff.json")):
        write_text(tmp_path / name, "x")
        assert (tmp_path / name).stat().st_mode == (tmp_path / "ordinary").stat().st_mode
        assert (tmp_path / name).read_text() == "x"


def test_what_a_killed_writer_leaves_can_be_told_and_removed(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")
    script = """
import os, signal, sys
from pathlib import Path
from styleshift.system.files import atomic_file
with atomic_file(Path(sys.argv[1])) as file:
    file.write(b"new")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")], check=False)
    assert len(names(tmp_path)) == 2
    remove_partial_files(tmp_path)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"kept": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"kept": object()})
    assert names(tmp_path) == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text()) == {"kept": 1}


@pytest.mark.parametrize("at", [0, 1, 5000, 9999, 10_000])
@pytest.mark.parametrize("length", [1, 3000, 12_000])
def test_bytes_are_put_into_a_file_without_harm_to_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, length: int
) -> None:
    monkeypatch.setattr(files, "_BLOCK_BYTES", 4096)
    old, new = os.urandom(10_000), os.urandom(length)
    (path := tmp_path / "a").write_bytes(old)
    insert(path, new, at)
    assert path.read_bytes() == old[:at] + new + old[at:]
