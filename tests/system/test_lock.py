"""One writer at a time, and several that share where each has a part of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from styleshift.errors import LockedError
from styleshift.system.lock import file_lock


def test_a_second_writer_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with file_lock(path, "the corpus"):
        with (
            pytest.raises(LockedError, match=f"process {os.getpid()}.*the corpus") as told,
            file_lock(path, "the corpus"),
        ):
            raise AssertionError("both hold it")
        assert told.value.hint
    with file_lock(path, "the corpus"):
        pass


def test_those_who_share_keep_out_who_does_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    def is_free(*, shared: bool) -> bool:
        try:
            with file_lock(path, "it", shared=shared):
                return True
        except LockedError:
            return False

    with file_lock(path, "it", shared=True), file_lock(path, "it", shared=True):
        assert is_free(shared=True)
        assert not is_free(shared=False)
    with file_lock(path, "it"):
        assert not is_free(shared=True)
    assert is_free(shared=False)


def test_a_holder_that_is_killed_lets_go(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from styleshift.system.lock import file_lock
with file_lock(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(LockedError, match=str(holder.pid)), file_lock(tmp_path / "lock", "it"):
        raise AssertionError("both hold it")
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with file_lock(tmp_path / "lock", "it"):
        pass
