"""Which folders of the workspace are runs, and which names are free; needs no PyTorch."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from styleshift.errors import NothingToDoError, UsageError
from styleshift.words import did_you_mean, listed
from styleshift.workspace import Workspace

CHECKPOINTS = "checkpoints"
RUN_FILE = "run.json"
PAGE_FILE = "index.html"
BEGUN_FILE = ".begun.json"
SCORES_FILE = "scores.json"
PATTERN = "step-*.safetensors"


def find_run(place: Workspace, name: str | None = None) -> Path:
    """The folder of the run of that name, or of the one that was worked on last.

    Raises:
        NothingToDoError: there is none that can be used; the message names those there are.
    """
    every = _runs(place)
    runs = [run for run in every if name is None or run.name == name]
    if not runs:
        there = ", ".join(sorted(run.name for run in every)) or "none"
        what = f"run {name!r}" if name is not None else "trained run"
        begun = " that can be used" if name is not None and (place.runs / name).is_dir() else ""
        raise NothingToDoError(
            f"there is no {what}{begun} in {place.runs}; available: {there}",
            did_you_mean(name or "", [run.name for run in every])
            or ("take one of these, or leave the name out for the last" if name and every else "")
            or "start one: "
            + ((name is None and _command(_begun(place))) or "`styleshift train` `domains=A B`"),
        )
    return max(runs, key=_worked_on)


def forget_begun(place: Workspace) -> None:
    """The training that this process prepared is a run now, or has failed and said so."""
    if _begun(place).get("pid") == os.getpid():
        (place.runs / BEGUN_FILE).unlink(missing_ok=True)


def begun_after(place: Workspace, run: Path) -> str:
    """A sentence on a training that was begun after ``run`` and has come to no step; or nothing."""
    begun = _begun(place)
    if (
        not begun
        or (place.runs / BEGUN_FILE).stat().st_mtime <= _worked_on(run)
        or _is_running(begun.get("pid"))
    ):
        return ""
    x, y = begun["domains"]
    return (
        f"the most recent training, of {x} and {y}, was stopped before its first step, so there is nothing "
        f"to continue. Run {run.name} is continued instead; to start the other again: {_command(begun)}"
    )


def _is_running(process: object) -> bool:
    """Another process of that number is there."""
    if not isinstance(process, int) or process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _begun(place: Workspace) -> dict[str, Any]:
    try:
        values = json.loads((place.runs / BEGUN_FILE).read_text("utf-8"))
        return values if len(values["domains"]) == 2 else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _command(begun: Mapping[str, Any]) -> str:
    if not begun:
        return ""
    named = f" `name={shlex.quote(begun['name'])}`" if begun.get("name") else ""
    return f"`styleshift train` `domains={shlex.join(map(str, begun['domains']))}`{named}"


def free_name(
    place: Workspace, pair: tuple[str, str], name: str | None = None, taken: Collection[Path] = ()
) -> Path:
    """The folder of a new run; nothing is made. A folder without any checkpoint is free for its name.

    Args:
        place: the workspace.
        pair: X and Y, which name the run where ``name`` is None.
        name: as it is asked for.
        taken: folders that are not free whatever they hold.

    Raises:
        UsageError: a run of that name exists, or it cannot be the name of a folder.
    """
    wanted = name if name is not None else f"{pair[0]}-{pair[1]}".replace("/", "_")
    if not wanted or wanted in (".", "..") or "/" in wanted or "\0" in wanted:
        raise UsageError(f"the name {wanted!r} cannot be the name of a folder")
    folder, number = place.runs / wanted, 1
    while has_checkpoints(folder) or folder in taken:
        if name is not None:
            raise UsageError(
                f"a run {name!r} exists already in {place.runs}",
                f"continue it: `styleshift train` `resume` `name={shlex.quote(name)}`; "
                "or choose another `name`",
            )
        number += 1
        folder = place.runs / f"{wanted}-{number}"
    return folder


def which_is_exported(place: Workspace, run: Path) -> str:
    """A sentence on which of several runs of a pair an export takes, of ``run`` and its likes; or nothing."""
    pair = _domains(run)
    others = [other for other in _runs(place) if other != run and len(pair) == 2 and _domains(other) == pair]
    if not others:
        return ""
    last, *earlier = (each.name for each in sorted([run, *others], key=_worked_on, reverse=True))
    x, y = sorted(pair)
    return (
        f"{1 + len(others)} runs are of {x} and {y}, {listed([last, *earlier])}: `styleshift export` takes "
        f"{last}, which was trained last; `styleshift export` `run={shlex.quote(earlier[0])}` takes another"
    )


def _domains(run: Path) -> frozenset[str]:
    """The two that a run is of; none where that cannot be read."""
    try:
        return frozenset(map(str, json.loads((run / RUN_FILE).read_text("utf-8"))["domains"]))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def has_checkpoints(folder: Path) -> bool:
    """Somebody's training is in there, whole or not."""
    return any((folder / CHECKPOINTS).glob(PATTERN))


def steps_in(checkpoints: Path) -> list[int]:
    """Steps that have a checkpoint in the folder of them, the earliest first."""
    return sorted(int(path.stem[5:]) for path in checkpoints.glob(PATTERN))


def scores_in(checkpoints: Path) -> dict[int, dict[str, float]]:
    """Of steps that were validated, by direction, higher is better; empty where none was."""
    try:
        values = json.loads((checkpoints / SCORES_FILE).read_text("utf-8"))
        return {
            int(step): {str(direction): float(score) for direction, score in scores.items()}
            for step, scores in values.items()
        }
    except (OSError, ValueError, AttributeError):
        return {}


def whole(path: Path) -> bool:
    """A checkpoint file has all the bytes that its header speaks of; the tensors are not read."""
    try:
        with safe_open(path, framework="numpy"):
            return True
    except (OSError, SafetensorError):
        return False


def _runs(place: Workspace) -> list[Path]:
    return [
        path.parent
        for path in place.runs.glob(f"*/{RUN_FILE}")
        if any(whole(file) for file in sorted((path.parent / CHECKPOINTS).glob(PATTERN), reverse=True))
    ]


def _worked_on(run: Path) -> float:
    """When its settings or its last checkpoint were written."""
    times = [(run / RUN_FILE).stat().st_mtime]
    for file in (run / CHECKPOINTS).glob(PATTERN):
        with contextlib.suppress(OSError):  # a training that runs meanwhile removes old ones
            times.append(file.stat().st_mtime)
    return max(times)
