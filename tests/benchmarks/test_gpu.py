"""The benchmark for a GPU runs through on a CPU, with tiny networks; what fails in it stands in its row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import gpu
import pytest
import torch
from gpu import KINDS, cases
from gpu_bench import Bench, Case, Row, measure_all

from styleshift.recipes import Recipe, load_recipe


@pytest.mark.slow
def test_one_command_measures_everything(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(repository / "benchmarks" / "gpu.py"), "--device", "cpu"]
    # What is left out does nothing that is not done in these, and takes minutes.
    kinds = [kind for kind in KINDS if kind not in ("bfloat16", "side by side", "compile")]
    options = ["--seconds-per-case", "0.1", "--limit", "900", "--output", str(tmp_path / "gpu.json")]
    options += ["--cases", *kinds]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    rows = json.loads((tmp_path / "gpu.json").read_text())["rows"]
    wanted = cases(kinds, tmp_path)
    assert [(row["case"], row["name"]) for row in rows] == [(case.case, case.name) for case in wanted]
    assert [row for row in rows if "error" in row] == []
    assert all(row["name"] in done.stdout for row in rows)
    assert next(row for row in rows if row["case"] == "resume")["same_bits"] is True


def fine(bench: Bench, found: Row) -> None:
    found["value"] = 2.0


def fails_late(bench: Bench, found: Row, message: str) -> None:
    bench.warn("not captured")
    found["pid"] = os.getpid()
    raise RuntimeError(f"{message}\nand more")


def dies(bench: Bench, found: Row) -> None:
    found["pid"] = os.getpid()
    os._exit(9)


def hangs(bench: Bench, found: Row) -> None:
    found["pid"] = os.getpid()
    time.sleep(1000)


def test_whatever_becomes_of_a_case_it_is_one_row(tmp_path: Path) -> None:
    """It fails, breaks CUDA for its process, dies, or hangs: the next one is measured all the same."""
    bench = Bench(torch.device("cpu"), 0.1, tmp_path)
    bench.tiny = False
    every = [
        Case("training", "fails", fails_late, ("no such kernel",)),
        Case("training", "breaks", fails_late, ("CUDA error: an illegal memory access",)),
        Case("training", "fails in a new process", fails_late, ("no such kernel",)),
        Case("resume", "dies", dies),
        Case("resume", "hangs", hangs, most=0.5),
        Case("machine", "is fine", fine),
    ]
    rows = list(measure_all(every, bench, 600))
    assert [row["name"] for row in rows] == [case.name for case in every]
    assert [row.get("error") for row in rows] == [
        "RuntimeError: no such kernel",
        "RuntimeError: CUDA error: an illegal memory access",
        "RuntimeError: no such kernel",
        "its process ended with 9",
        "cut off after 0 s",
        None,
    ]
    assert rows[0]["told"] == ["not captured"]
    assert rows[0]["pid"] == rows[1]["pid"] != rows[2]["pid"]  # what was found before is kept
    assert all(row["pid"] for row in rows[:4])  # what was found before the end, too
    assert rows[-1]["value"] == 2.0


def test_a_large_model_made_elsewhere_is_of_full_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also on a machine without a GPU, where all that is measured is tiny."""
    made: list[tuple[Path, Recipe]] = []
    monkeypatch.setattr(gpu, "untrained_model", lambda path, recipe: made.append((path, recipe)))
    monkeypatch.setattr("sys.argv", ["gpu.py", "--cases", "none", "--large", str(tmp_path / "large.onnx")])
    gpu.main()
    assert made == [(tmp_path / "large.onnx", load_recipe("music"))]


def test_what_comes_too_late_is_a_row(tmp_path: Path) -> None:
    bench = Bench(torch.device("cpu"), 0.1, tmp_path)
    rows = list(measure_all([Case("training", "seed", fine)], bench, 0))
    assert [row["error"] for row in rows] == ["no time was left"]
