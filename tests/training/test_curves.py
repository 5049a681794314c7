"""What is drawn of a log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from styleshift.training.curves import curve_points, read_log


def test_long_curves_are_averaged_in_stretches() -> None:
    points = curve_points([(step, float(step % 2)) for step in range(10_000)])
    assert len(points) == 400
    assert points[-1][0] == 9999
    assert all(value == pytest.approx(0.5, abs=0.05) for _, value in points)
    assert curve_points([(1, float("inf")), (2, 5.0)]) == [(2, 5.0)]


def test_a_log_that_is_not_there_yet_has_no_lines(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []


def test_a_line_that_is_being_written_is_passed_over(tmp_path: Path) -> None:
    line = json.dumps({"event": "step", "step": 2, "losses": {}})
    (tmp_path / "log.jsonl").write_text(f'{line}\n{{"event": "st')
    assert [each["step"] for each in read_log(tmp_path)] == [2]


def test_reading_a_log_needs_no_pytorch() -> None:
    code = "import sys, styleshift.training.curves; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
