"""The benchmark of conversion watches the command and its workers, and where it cannot, says nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from styleshift.hooks import registry

SPIN = """
import subprocess, sys, time
child = None
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, __file__, "child"], stdin=subprocess.PIPE)
while time.process_time() < 0.5:
    pass
if child:
    print("spun", flush=True)
sys.stdin.read()
"""
