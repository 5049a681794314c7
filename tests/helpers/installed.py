"""``styleshift`` as it is installed, for tests that run it: words in, events out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

STYLESHIFT = str(Path(sys.executable).with_name("styleshift"))


def styleshift(*words: object, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run it to its end; ``how`` is for ``subprocess.run``."""
    how = {"capture_output": True, "text": True, "errors": "surrogateescape", "timeout": 300, **how}
    return subprocess.run([STYLESHIFT, *map(str, words)], check=False, **how)


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What it printed under ``--json``."""
    return [json.loads(line) for line in done.stdout.splitlines()]
