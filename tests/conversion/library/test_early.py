"""What workers need has been imported where they are forked from, before they are."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import multiprocessing
from styleshift.conversion.library.early import begin_workers

begin_workers()
names = ("numpy", "styleshift.conversion.track.load", "onnxruntime")
asked = f"[name in __import__('sys').modules for name in {names}]"
with multiprocessing.get_context("forkserver").Pool(1) as pool:
    print(pool.apply(eval, (asked,)))
"""


def test_workers_find_their_modules_imported() -> None:
    """But for ONNX Runtime, which begins threads, and these do not outlive a fork."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, True, False]"
    assert done.stderr == ""
