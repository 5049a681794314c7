"""The hash is that of the bytes, whatever the size of the blocks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from blake3 import blake3

from styleshift.system.hashing import file_digest, file_sha256, storable


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 7])
def test_it_is_the_hash_of_the_bytes(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "a").write_bytes(content[:size])
    blocks: list[int] = []
    found = file_digest(tmp_path / "a", lambda: blocks.append(1))
    assert found == blake3(content[:size]).hexdigest()
    assert file_sha256(tmp_path / "a") == hashlib.sha256(content[:size]).hexdigest()
    assert len(blocks) == -(-size // (1 << 20))


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "missing")


def test_it_is_the_hash_of_the_specification(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert file_digest(tmp_path / "a") == empty


def test_any_inode_and_time_has_place_in_a_table() -> None:
    assert storable((1, -5, (1 << 63) - 1, 7)) == (1, -5, (1 << 63) - 1, 7)
    large = storable((1, 1 << 63, 3, (1 << 64) - 2))
    assert large == storable(large) == (1, 0, 3, (1 << 63) - 2)
