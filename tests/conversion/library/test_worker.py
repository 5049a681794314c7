"""What a worker does beside converting."""

from __future__ import annotations

from pathlib import Path

import pytest

from styleshift.conversion.library.worker import source_digest
from styleshift.errors import AudioError


def test_what_is_no_file_has_no_hash(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(AudioError):
            source_digest(path, lambda: None)
