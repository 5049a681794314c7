"""What a worker does beside converting."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from styleshift.conversion.library.worker import sha256
from styleshift.errors import AudioError


@pytest.mark.parametrize("size", [0, 5, 1 << 20, (3 << 20) + 1])
def test_a_hash_shows_that_it_goes_on(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(range(251)) * (size // 251) + b"x" * (size % 251))
    calls: list[None] = []
    assert sha256(path, lambda: calls.append(None)) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(calls) == -(-size // (1 << 20))


def test_what_is_no_file_has_no_hash(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(AudioError):
            sha256(path)
