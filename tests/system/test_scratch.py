from __future__ import annotations

import errno
import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from styleshift.system.scratch import Scratch

OTHER = """
import sys, time
from pathlib import Path
from styleshift.system.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
(scratch.path / "half").write_bytes(b"x")
assert scratch.reserve(60, 100)
print(scratch.path, flush=True)
time.sleep(100)
"""


@pytest.fixture
def other(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that holds a folder."""
    command = [sys.executable, "-c", OTHER, str(tmp_path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_it_goes_with_its_block_and_with_its_object(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        (scratch.path / "folder").mkdir()
    assert not scratch.path.exists()
    scratch = Scratch(tmp_path)
    path = scratch.path
    del scratch
    assert not path.exists()


def test_a_folder_of_the_living_stays_and_one_of_the_killed_goes(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    assert other.stdout is not None
    held = Path(other.stdout.readline().strip())
    try:
        with Scratch(tmp_path) as mine:
            assert held.is_dir()
            # 60 bytes are taken.
            assert mine.reserve(40, 100)
            assert not mine.reserve(41, 100)
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    with Scratch(tmp_path) as mine:
        assert not held.exists()
        assert mine.reserve(1000, 100), "what is larger than the limit goes alone"
        with Scratch(tmp_path) as second:
            assert not second.reserve(1, 100)
            assert mine.reserve(99, 100)
            assert second.reserve(1, 100)


def test_without_locks_nobody_waits_for_what_a_killed_run_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", none)
    with Scratch(tmp_path) as left:
        assert left.reserve(60, 100)
        with Scratch(tmp_path) as mine:
            assert mine.reserve(60, 100)
            assert left.path.is_dir()
