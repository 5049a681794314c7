"""The benchmark of conversion watches the command and its workers, and where it cannot, says nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# A process with a worker; both use half a second of a processor, then wait until they are let go.
SPIN = """
import subprocess, sys, time
worker = None
if len(sys.argv) == 2:
    words = [sys.executable, "-c", sys.argv[1], sys.argv[1], "worker"]
    worker = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
while time.process_time() < 0.5:
    pass
if worker:
    worker.stdout.readline()
print("spun", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def benchmark(repository: Path) -> Any:
    pytest.importorskip("librosa")
    source = (repository / "benchmarks" / "convert.py").read_text()
    names: dict[str, Any] = {"__name__": "benchmark"}
    exec(compile(source, "convert.py", "exec"), names)
    names["SAMPLE_SECONDS"] = 0.05
    return SimpleNamespace(Busy=names["Busy"], names=names)


def spinning() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SPIN, SPIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="figures of Linux")
def test_the_time_of_a_command_and_its_worker_is_counted(benchmark: Any) -> None:
    with spinning() as process:
        began = time.time()
        busy = benchmark.Busy(process)
        watching = threading.Thread(target=busy.wait)
        watching.start()
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "spun\n"
        seen = len(busy.samples)
        while len(busy.samples) < seen + 2:
            time.sleep(0.01)
        ended = time.time()
        process.stdin.close()
        watching.join()
    used, idle = busy.between(began, ended)
    assert used > 0.8
    assert idle >= 0
    assert busy.largest > 1e6


def test_without_proc_it_waits_and_says_nothing(benchmark: Any, tmp_path: Path) -> None:
    benchmark.names["PROC"] = tmp_path
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        busy = benchmark.Busy(process)
        busy.wait()
    assert process.returncode == 0
    assert busy.between(0.0, 1.0) is None
    assert busy.largest == 0
