"""Where a model comes from: the run, or the runs of which it gives the mean."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.load import read_metadata
from styleshift.errors import BundleError, CheckpointError
from styleshift.training.run_file import read_run
from styleshift.words import listed
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from styleshift.training.checkpoint import TrainedModel

# Each member of a mean has these of its own, and what else is not the same in all.
_OWN = ("run", "seed", "step", "mean_of")


def provenance_of(runs: Sequence[TrainedModel], direction: str) -> dict[str, Any]:
    """What a model notes of the run that it is of; of several, what they share, and ``members``."""
    first, *others = ({**run.provenance, **run.checkpoints[direction]} for run in runs)
    if not others:
        return first
    shared = {
        key: value
        for key, value in first.items()
        if key not in _OWN and all(other.get(key) == value for other in others)
    }
    members = [{key: value for key, value in each.items() if key not in shared} for each in (first, *others)]
    return {**shared, "members": members}


def members_of(provenance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a model notes of each of its runs; most have one. A stranger's file may say anything."""
    members = provenance.get("members")
    if isinstance(members, list) and (found := [each for each in members if isinstance(each, Mapping)]):
        return found
    further = provenance.get("ensemble")  # the first means noted of the others their names alone
    return [provenance, *({"run": str(name)} for name in (further if isinstance(further, list) else ()))]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file comes from that a model would replace.

    Attributes:
        what: it is, as the middle of a sentence.
        again: how to make it again, as the end of a sentence; None where that cannot be done.
    """

    what: str
    again: str | None


def find_origin(workspace: Workspace, path: Path, folder: Path) -> Origin:
    """The runs of the workspace that a model is of, by their names and the times at which they began.

    Args:
        workspace: where runs are looked for.
        path: of the model.
        folder: of the run that would replace it, which is looked at first.
    """
    try:
        metadata = read_metadata(path)
    except BundleError:
        return Origin("which is no model that can be read", None)
    of = metadata.provenance
    members = members_of(of)
    found = [_find(workspace, member, folder) for member in members]
    at = steps_of(members[0])
    if len(members) == 1:
        name = members[0].get("run", found[0])
        what = f"of {'a run' if name is None else f'run {name}'}{f', step {at}' if at else ''}"
        gone = "which is not in this workspace"
    else:
        names = [str(member.get("run")) for member in members]
        absent = [name for name, run in zip(names, found, strict=True) if run is None]
        what = f"the mean of runs {listed(names)}"
        gone = f"of which {listed(absent)} {'is' if len(absent) == 1 else 'are'} not in this workspace"
    runs = [run for run in found if run is not None]
    if len(runs) < len(members):
        return Origin(f"{what}, {gone}", None)
    first, *others = runs
    if not others and first == folder.name:
        return Origin(what, "")
    asked = str(of.get("checkpoint", at)) if others else at
    options = [f"`run={shlex.quote(first)}`"]
    options += [f"`ensemble={shlex.quote(name)}`" for name in others]
    options += [f"`checkpoint={shlex.quote(asked)}`"] if asked else []
    options += [f"`strength={metadata.strength:g}`"] if metadata.strength != 1 else []
    numbers = ("smooth_frames", "smooth_bins", "keep_quiet")
    options += [f"`{name}={of[name]}`" for name in numbers if of.get(name)]
    options += [f"`{name}`" for name in ("match_spectrum", "match_variance") if of.get(name)]
    return Origin(what, f"; `styleshift export` {' '.join(options)} brings it back")


def _find(workspace: Workspace, member: Mapping[str, Any], folder: Path) -> str | None:
    """The name of that run in the workspace."""
    if not member.keys() & {"run", "started"}:
        return None
    # Models of the first versions do not name their run, so all are looked at.
    for run in (folder, *sorted(workspace.runs.glob("*"))):
        with suppress(CheckpointError):
            began = read_run(run)["provenance"].get("started")
            if began == member.get("started", began) and run.name == member.get("run", run.name):
                return run.name
    return None


def steps_of(member: Mapping[str, Any]) -> str:
    """The step of a run that a model is of, or those of whose weights it has the mean, as ``checkpoint``."""
    mean_of = member.get("mean_of")
    return "+".join(map(str, mean_of)) if isinstance(mean_of, list) else str(member.get("step", ""))
