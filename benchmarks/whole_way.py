"""The way of a user, by the commands that a user types: precompute, train, export, convert, evaluate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

WORKSPACE = "styleshift-workspace"
FIGURES = ("lsd", "mcd", "chr", "ons", "fd", "p")
"""What is told of music, of what :func:`measure` finds."""


def styleshift(work: Path, command: str, *words: object) -> list[dict[str, object]]:
    """Run one command of the product on a workspace in ``work``; its JSON lines.

    Neither the environment's settings nor the user's reach it: the figures are those of the defaults.
    """
    given = list(map(str, words))
    if command != "evaluate":  # which has no workspace
        given += ["--workspace", str(work / WORKSPACE)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STYLESHIFT_")}
    found = subprocess.run(
        [sys.executable, "-m", "styleshift", command, *given, "--json", "--quiet"],
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]


def precompute(data: Path, work: Path, recipe: str, front: Sequence[str] = ()) -> None:
    """Spectrograms of ``data/train``; a workspace has one kind of them, set by ``front``."""
    work.mkdir(exist_ok=True)
    words = [word for setting in front for word in ("--set", setting)]
    styleshift(work, "precompute", data / "train", "--recipe", recipe, *words)


def train(
    work: Path,
    source: str,
    target: str,
    recipe: str,
    run: str,
    steps: int,
    settings: Sequence[str],
    seed: int = 0,
) -> Path:
    """Train a run anew and export its last checkpoint, both directions; the folder of the models."""
    models = work / "models" / run
    for stopped in (work / WORKSPACE / "runs" / run, models):
        shutil.rmtree(stopped, ignore_errors=True)
    settings = [*settings, "schedule.threads=1", "schedule.validation_seconds=0"]
    styleshift(
        work,
        *("train", "--domains", source, target, "--name", run, "--steps", steps, "--device", "cpu"),
        *("--recipe", recipe, "--seed", seed),
        *(word for setting in settings for word in ("--set", setting)),
    )
    styleshift(work, "export", "--run", run, "--checkpoint", "last", "--output", models)
    return models


def convert(data: Path, work: Path, source: str, target: str, models: Path) -> Path:
    """Convert ``data/test/source`` by the model for this direction; the folder of the conversions."""
    converted = work / "converted" / models.name / f"{source}-{target}"
    shutil.rmtree(converted, ignore_errors=True)
    model = next(models.glob(f"*{source}*{target}*.onnx"))
    styleshift(
        work,
        *("convert", data / "test" / source, "--model", model, "--output", converted, "--device", "cpu"),
        *("--runtime", "auto", "--vocoder", "griffin-lim"),
    )
    return converted


def measure(
    data: Path, work: Path, source: str, target: str, converted: Path, *, voices: bool = False
) -> dict[str, float]:
    """The mean figures of a folder of conversions against the truth, aligned in time for ``voices``."""
    rows = styleshift(
        work,
        *("evaluate", converted, "--target", data / "train" / target, "--truth", data / "test" / target),
        *("--source-style", data / "train" / source, *(["--align"] if voices else [])),
    )
    mean: dict[str, float] = {}
    for row in rows:
        mean.update({key: value for key, value in row.items() if isinstance(value, float)})
    return mean
