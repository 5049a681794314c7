"""Runs ``styleshift train`` in forked children and kills them; ``test_survive.py`` starts it.

    python kill_driver.py WORKSPACE KILLS SEED ARGUMENT...

The arguments are those of a new training, less its name. The first child trains ``whole`` undisturbed. The
others train ``parts-0``, which is resumed after each kill; a run that comes to its end is left as it is, and
the kills go on in ``parts-1``. One JSON line of results on stdout.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

# All that the command imports, once, before the forks; Adam brings in the first.
import torch._dynamo  # noqa: F401
import typer._adapters  # noqa: F401

import styleshift.cli.console
import styleshift.training.run  # noqa: F401
from styleshift.cli.app import run as command
from styleshift.errors import EXIT_NOTHING_TO_DO
from styleshift.training.checkpoint import load_trained
from styleshift.training.files import CheckpointFolder, read


def begin(arguments: list[str]) -> int:
    """The command in a child of this process, which has imported everything; the child's number."""
    child = os.fork()
    if child:
        return child
    sys.argv = ["styleshift", "train", "-q", *arguments]
    code = 1
    try:
        command()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        os._exit(code)


def ended(child: int) -> int | None:
    """Its exit status, None while it runs."""
    number, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if number else None


class Attempt:
    """One child, and what it has saved since it began."""

    def __init__(self, folder: CheckpointFolder, arguments: list[str]) -> None:
        self.folder, self.before = folder, folder.steps()[-1:]
        self.child = begin(arguments)
        self.code: int | None = None

    def until(self, saves: int, seconds: float) -> None:
        """Wait until it has saved so many steps and then some seconds, or has come to its end."""
        first = self.before[0] if self.before else -1
        while self.running() and (self.folder.steps() or [first])[-1] < first + saves:
            time.sleep(0.001)
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.running():
            time.sleep(0.001)

    def running(self) -> bool:
        if self.code is None:
            self.code = ended(self.child)
        return self.code is None

    def kill(self) -> bool:
        """Whether there was something to kill."""
        if not self.running():
            return False
        os.kill(self.child, signal.SIGKILL)
        _, status = os.waitpid(self.child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != -signal.SIGKILL:  # it came to its end just before
            self.code = code
        return code == -signal.SIGKILL


def main() -> None:
    root, wanted, dice = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    start = sys.argv[4:]
    began = time.monotonic()
    whole = begin([*start, "--name", "whole"])
    folder = CheckpointFolder(root / "runs" / "whole" / "checkpoints")
    code = None
    while not folder.steps() and code is None:
        code = ended(whole)
        time.sleep(0.001)
    prepared, began = time.monotonic() - began, time.monotonic()
    if code is None:
        code = os.waitstatus_to_exitcode(os.waitpid(whole, 0)[1])
    assert code == 0, "the undisturbed run failed"
    steps = folder.steps()[-1]
    step_time = (time.monotonic() - began) / steps
    finished, kinds, name = [], Counter[str](), "parts-0"
    while kinds.total() < wanted:
        folder = CheckpointFolder(root / "runs" / name / "checkpoints")
        arguments = ["--resume", "--name", name] if folder.steps() else [*start, "--name", name]
        attempt = Attempt(folder, arguments)
        kind = dice.choice(["preparing", "training", "training", "training"])
        if kind == "preparing":
            attempt.until(0, dice.uniform(0, prepared))
        else:
            attempt.until(dice.choice([1, 1, 2, 4]), dice.uniform(0, 2 * step_time))
        if attempt.kill():
            kinds[kind] += 1
        else:
            # One that was killed after its last save has nothing left to do.
            was_at_its_end = attempt.code == EXIT_NOTHING_TO_DO and attempt.before == [steps]
            assert attempt.code == 0 or was_at_its_end, f"it ended with {attempt.code}"
            finished.append(name)
            name = f"parts-{len(finished)}"
        if folder.steps():
            read(folder.last())
            load_trained(root / "runs" / folder.path.parent.name, "last")
    if name not in finished:
        folder = CheckpointFolder(root / "runs" / name / "checkpoints")
        saved = folder.steps()
        last = begin(["--resume", "--name", name] if saved else [*start, "--name", name])
        code = os.waitstatus_to_exitcode(os.waitpid(last, 0)[1])
        # The last kill, too, may have come after the last save.
        was_at_its_end = code == EXIT_NOTHING_TO_DO and saved[-1:] == [steps]
        assert code == 0 or was_at_its_end, "the last sitting failed"
        finished.append(name)
    again = begin(["--resume", "--name", name])
    _, status = os.waitpid(again, 0)
    print(
        json.dumps(
            {
                "kills": dict(kinds),
                "finished": finished,
                "steps": steps,
                "resumed_at_its_end": os.waitstatus_to_exitcode(status),
                "step_time": step_time,
                "prepared": prepared,
            }
        )
    )


if __name__ == "__main__":
    main()
