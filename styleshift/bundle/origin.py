"""Where a model comes from: the run, or the runs of which it gives the mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.load import read_metadata
from styleshift.bundle.settings import ExportSettings
from styleshift.errors import BundleError, CheckpointError
from styleshift.training.run_file import read_run
from styleshift.words import listed
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from styleshift.bundle.metadata import BundleMetadata
    from styleshift.training.checkpoint import TrainedModel

# Each member of a mean has these of its own, and what else is not the same in all.
_OWN = ("run", "seed", "step", "mean_of")
_SETTINGS = "export"


def provenance_of(
    runs: Sequence[TrainedModel], direction: str, settings: ExportSettings | None = None
) -> dict[str, Any]:
    """What a model notes of the run that it is of; of several, what they share, and ``members``.

    Of the settings it notes under ``export`` all that are not off, with the step that was taken for best.
    """
    noted = _noted([{**run.provenance, **run.checkpoints[direction]} for run in runs])
    if settings is None:
        return noted
    exact = replace(settings, checkpoint=_checkpoint_of(members_of(noted), settings.checkpoint))
    return {**noted, _SETTINGS: exact.to_dict()}


def _noted(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    first, *others = runs
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


def noted_settings(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a model notes of the settings of its export; a stranger's file may say anything.

    Models of before note some of them beside the run, and no ``export``.
    """
    noted = provenance.get(_SETTINGS)
    return noted if isinstance(noted, Mapping) else provenance


def settings_of(metadata: BundleMetadata, runs: Sequence[str] | None = None) -> ExportSettings:
    """What a model was exported with, as far as its file tells; what no export takes is passed over.

    Args:
        metadata: of the model.
        runs: what its runs are called here; None: as the file names them.
    """
    values, members = noted_settings(metadata.provenance), members_of(metadata.provenance)
    names = [each.get("run") for each in members] if runs is None else runs
    told = {
        "run": names[0],
        "ensemble": list(names[1:]),
        "checkpoint": _checkpoint_of(members, str(values.get("checkpoint", "best"))),
        "licence": metadata.licence,
        "strength": metadata.strength,
    }
    return ExportSettings.from_dict({**values, **told})


def _checkpoint_of(members: Sequence[Mapping[str, Any]], asked: str) -> str:
    """The steps that all are at; what was asked for where they differ, as the best of each may."""
    steps = {steps_of(member) for member in members}
    return steps.pop() or asked if len(steps) == 1 else asked


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
    if runs == [folder.name]:
        return Origin(what, "")
    output = None if path.parent == workspace.models else path.parent
    again = replace(settings_of(metadata, runs), output=output)
    # What no export takes any more, and of the first versions a card, of which they did not note the file.
    noted = noted_settings(of)
    lost = [
        f"`{item.name}`" for item in fields(again) if noted.get(item.name) and not getattr(again, item.name)
    ]
    lost += ["its card"] if metadata.card.to_dict() and not again.card else []
    but = f", but for {listed(lost)}" if lost else ""
    return Origin(what, f"; `styleshift export` {' '.join(again.options())} brings it back{but}")


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
