from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from styleshift.corpus.growing import GrowingArray, npy_header, remove_unfinished, stored_bytes


def test_numpy_reads_what_was_grown(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pieces = [rng.standard_normal((1, n, 5)).astype(np.float16) for n in (3, 0, 1, 400)]
    with GrowingArray(tmp_path / "x.npy", 5) as array:
        for piece in pieces:
            array.append(piece)
            assert not (tmp_path / "x.npy").exists()
        array.finish()
    assert os.listdir(tmp_path) == ["x.npy"]  # noqa: PTH208
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(mapped, np.concatenate(pieces, axis=1))
    assert (tmp_path / "x.npy").stat().st_size == stored_bytes(404, 5)


def test_nothing_is_left_of_what_was_not_finished(tmp_path: Path) -> None:
    with GrowingArray(tmp_path / "x.npy", 5) as array:
        array.append(np.zeros((1, 3, 5), np.float16))
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    GrowingArray(tmp_path / "x.npy", 5)
    (tmp_path / "other.npy").write_bytes(b"")
    remove_unfinished(tmp_path)
    assert os.listdir(tmp_path) == ["other.npy"]  # noqa: PTH208


@pytest.mark.parametrize("frames", [0, 1, 10**12])
def test_the_header_has_one_size_for_every_length(frames: int) -> None:
    header = npy_header(frames, 1025)
    assert len(header) == 128
    assert header.endswith(b"\n")
