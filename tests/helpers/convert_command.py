"""``styleshift convert`` as it is installed, for tests that run it: songs in, files out."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from installed import STYLESHIFT, styleshift

RATE = 16000


def run(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return styleshift("convert", *words, cwd=folder)


def song(path: Path, frames: int = 8000, channels: int = 1, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.1 * np.random.default_rng(seed).standard_normal((frames, channels))
    soundfile.write(path, samples, RATE)
    return path


def files(folder: Path) -> list[str]:
    """Everything below, but what the command keeps for itself."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != ".styleshift" and path.stem.split("-")[0] != "report"
    )


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [STYLESHIFT, "convert", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Any) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)
