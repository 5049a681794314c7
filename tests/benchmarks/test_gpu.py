"""The benchmark for a GPU runs through on a CPU, with tiny networks; what fails in it stands in its row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gpu
import pytest
import torch


@pytest.mark.slow
def test_one_command_measures_everything(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(repository / "benchmarks" / "gpu.py"), "--device", "cpu"]
    options = ["--seconds-per-case", "0.1", "--limit", "900", "--output", str(tmp_path / "gpu.json")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    rows = json.loads((tmp_path / "gpu.json").read_text())["rows"]
    assert [(row["case"], row["name"].split(",")[0]) for row in rows] == [
        *(("training", name) for name in ("small", "music", "seed", "seed", "seed")),
        ("preparation", "small"),
        ("resume", "small"),
        ("conversion", "small"),
        ("conversion", "large"),
    ]
    assert [row for row in rows if "error" in row] == []
    assert all(row["name"] in done.stdout for row in rows)
    assert next(row for row in rows if row["case"] == "resume")["same_bits"] is True


def test_what_fails_or_comes_too_late_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = gpu.Bench(torch.device("cpu"), 0.1, 100.0, tmp_path)

    def broken() -> dict[str, object]:
        raise RuntimeError("no such kernel\nand more")

    bench.row("training", "small", broken)
    bench.row("training", "music", lambda: {"steps_per_second": 2.0})
    bench.end = 0.0
    bench.row("training", "seed", broken)
    errors = [row.get("error") for row in bench.rows]
    assert errors == ["RuntimeError: no such kernel", None, "no time was left"]
    assert "steps_per_second 2.0" in capsys.readouterr().out
