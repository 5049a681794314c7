"""kill -9 at any moment: nothing that was saved is lost, and the bits come out the same.

Of styleshift.training.checkpoint and styleshift.training.files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from styleshift.training.files import CheckpointFolder, read
from styleshift.workspace import Workspace

KILLS = 50


def last(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, object]]:
    tensors, values = read(CheckpointFolder(folder / "checkpoints").last())
    return tensors, {key: values[key] for key in ("step", "scalars", "source")}


@pytest.mark.fault
@pytest.mark.slow
def test_fifty_kills_at_random_moments(
    fresh: Workspace, tiny_settings: Callable[..., list[str]], tmp_path: Path
) -> None:
    """The command is killed while it prepares, steps and saves, and is resumed each time.

    To spare fifty imports of PyTorch, ``kill_driver.py`` imports it once and runs the command, from its
    arguments on, in forked children. When to kill is drawn from the time that a step of the undisturbed run
    took and from what is on the disk, so a slow machine makes the test slower, not different. After each
    kill the newest checkpoint is read whole and its generators are built.
    """
    arguments = tiny_settings(
        *(
            "optimiser.ema_decay=0.9",
            "optimiser.replay_buffer=3",
            "optimiser.frame_mask=0.3",
            "loss.second_adversarial=1",
        ),
        *("loss.cycle_noise=0.1", "loss.identity=2", "loss.identity_until=0.8", "data.gain_db=3"),
        *("schedule.steps=60", "schedule.save_every=1", "schedule.log_every=7", "schedule.keep_every=10"),
    )
    options = [word for setting in arguments for word in ("--set", setting)]
    command = [
        sys.executable,
        str(Path(__file__).with_name("kill_driver.py")),
        str(tmp_path),
        str(KILLS),
        "1",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "STYLESHIFT_WORKSPACE": str(tmp_path)}
    done = subprocess.run(
        [*command, "--domains", "low", "high", "--device", "cpu", *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert sum(found["kills"].values()) == KILLS
    assert found["resumed_at_its_end"] == 10
    wanted, values = last(fresh.runs / "whole")
    assert values["step"] == 60
    tidy = CheckpointFolder(fresh.runs / "whole" / "checkpoints").steps()
    assert tidy == [0, 10, 20, 30, 40, 50, 60]
    for name in found["finished"]:
        tensors, others = last(fresh.runs / name)
        assert tensors.keys() == wanted.keys()
        assert [key for key in wanted if not torch.equal(tensors[key], wanted[key])] == []
        assert others == values
        kept = CheckpointFolder(fresh.runs / name / "checkpoints").steps()
        # Killed between its last save and tidying up, a run is at its end with one checkpoint more.
        assert [step for step in kept if step != 59] == [0, 10, 20, 30, 40, 50, 60]
        assert not list((fresh.runs / name / "checkpoints").glob(".*"))
