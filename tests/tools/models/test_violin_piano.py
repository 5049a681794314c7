"""The script that makes the models of violin and piano, with commands that only note how they are called."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

STYLESHIFT = """#!/bin/bash
echo "$@" >> "$CALLS"
run=styleshift-workspace/runs/shipped
[[ "$*" != *--domains* ]] || { mkdir -p "$run" && echo "$RECIPE" > "$run/run.json"; }
"""


@pytest.mark.parametrize(
    ("weight", "code", "trained", "left"), [(0.5, 0, [2750, 11500, 17661], 1.0), (0.7, 1, [2750, 11500], 0.7)]
)
def test_the_last_stage_begins_only_with_twice_the_critics_weight(
    repository: Path, tmp_path: Path, weight: float, code: int, trained: list[int], left: float
) -> None:
    for name, text in (("styleshift", STYLESHIFT), ("python", "#!/bin/sh\n")):
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(text)
        command.chmod(0o755)
    for material in ("varied", "plain"):  # is rendered already
        (tmp_path / "made" / material).mkdir(parents=True)
        (tmp_path / "made" / material / "index.csv").touch()
    calls = tmp_path / "calls"
    ended = subprocess.run(
        ["bash", repository / "tools" / "models" / "violin_piano.sh", tmp_path / "made", "scores", "notes"],
        env={
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "RECIPE": json.dumps({"recipe": {"loss": {"gan": weight}}}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in calls.read_text().splitlines()]
    assert [int(line[2]) for line in lines if line[0] == "train"] == trained
    assert ended.returncode == code, ended.stderr
    assert ("weight of the critics" in ended.stderr) == bool(code)
    run = json.loads((tmp_path / "made/styleshift-workspace/runs/shipped/run.json").read_text())
    assert run["recipe"]["loss"]["gan"] == left
