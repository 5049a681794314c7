"""Where no copy of a stored recording can lie on this machine, the run ends and says why."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec")

from styleshift.conversion.library import elsewhere
from styleshift.conversion.library.plan import TrackJob
from styleshift.conversion.library.worker import FATAL


def test_a_full_disk_is_no_fault_of_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    job = TrackJob("a.wav", Path("a.wav"), tmp_path / "b.wav", "same", fetch=f"file://{tmp_path}/a.wav")
    monkeypatch.setattr("styleshift.remote.store.WAITS", ())

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.get_file", full)
    outcome = elsewhere.work((job, ""), lambda _: None)
    assert outcome.reason in FATAL
    assert "No space left" in outcome.message
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    outcome = elsewhere.work((job, ""), lambda _: None)
    assert outcome.reason in FATAL
    assert "TMPDIR" in outcome.hint
