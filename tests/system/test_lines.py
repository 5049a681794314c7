"""Lines are whole, or alone."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styleshift.system.lines import JsonLines


def read(path: Path) -> list[Any]:
    lines = []
    for line in path.read_text("ascii").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            lines.append("torn")
    return lines


def test_paths_and_single_numbers_of_numpy_are_plain_and_nothing_else(tmp_path: Path) -> None:
    with JsonLines(tmp_path / "x", sync=False) as lines:
        lines.append({"path": tmp_path, "number": np.float32(0.5)})
        with pytest.raises(TypeError, match=r"object .* has no place in JSON"):
            lines.append({"a": object()})
    assert read(tmp_path / "x") == [{"path": str(tmp_path), "number": 0.5}]


def test_lines_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for number in range(2):
        with JsonLines(path, sync=False) as lines:
            lines.append({"number": number, "name": "caf\udce9"})
            lines.append({"path": Path("a")})
    expected = [[{"number": number, "name": "caf\udce9"}, {"path": "a"}] for number in range(2)]
    assert read(path) == [*expected[0], *expected[1]]


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n{"b": ')
    with JsonLines(path, sync=True) as lines:
        lines.append({"c": 3})
    assert read(path) == [{"a": 1}, "torn", {"c": 3}]


def test_a_line_is_on_the_disk_only_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "fsync", asked.append)
    for sync, count in ((False, 0), (True, 1)):
        with JsonLines(tmp_path / "x.jsonl", sync=sync) as lines:
            lines.append({})
        assert len(asked) == count


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_is_an_error() -> None:
    with JsonLines(Path("/dev/full"), sync=False) as lines, pytest.raises(OSError, match="space") as caught:
        lines.append({})
    assert caught.value.errno == errno.ENOSPC
