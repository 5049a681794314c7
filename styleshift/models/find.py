"""Which model a style means: the one in the nearest folder that converts to it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from styleshift.bundle.load import Bundle, load_bundle
from styleshift.errors import NothingToDoError
from styleshift.models.shelf import ShelvedModel, list_models, models_in, places
from styleshift.words import as_typed, nearest
from styleshift.workspace import Workspace


def find_model(
    workspace: Workspace,
    *,
    target: str | None = None,
    source: str | None = None,
    command: Callable[[Path], list[str]] = lambda path: [str(path)],
    warn: Callable[[str], None] = lambda message: None,
) -> Bundle:
    """Look in the workspace, then in the user's model folder, then among the models that ship.

    The first place that has a fitting model decides. Where none has, capitals do not count.

    Args:
        workspace: whose ``models`` folder is looked into first.
        target: domain that comes out; None: any.
        source: domain that goes in; None: any.
        command: from a model file to the words of the command that would use it, for the error.
        warn: told of files that could not be read.

    Raises:
        NothingToDoError: no model fits; the message says which there are. Or more than one fits: the hint has
            the command for each.
        BundleError: the one that fits cannot be used.
    """
    there: dict[Path, list[ShelvedModel]] = {}
    for place, folder in places(workspace).items():
        there[folder] = list(models_in(folder, place, warn))
        if fitting := _fitting(there[folder], target, source):
            return _only(fitting, folder, command)
    every = [model for models in there.values() for model in models]
    meant = _capitals_apart(every, target, source)
    if meant is not None:
        for folder, models in there.items():
            if fitting := _fitting(models, *meant):
                return _only(fitting, folder, command)
    others = [f"{model.metadata.source} to {model.metadata.target}" for model in every]
    raise NothingToDoError(
        f"no model converts {source or 'anything'} to {target or 'anything'}"
        + (f"; available: {', '.join(sorted(set(others)))}" if others else ": there are none yet"),
        _meant(target, source, others) or "train and export one, or name a file with `model`",
    )


def _fitting(models: list[ShelvedModel], target: str | None, source: str | None) -> list[ShelvedModel]:
    return [
        model
        for model in models
        if target in (None, model.metadata.target) and source in (None, model.metadata.source)
    ]


def _only(fitting: list[ShelvedModel], folder: Path, command: Callable[[Path], list[str]]) -> Bundle:
    if len(fitting) > 1:
        raise _several(fitting, folder, command)
    return load_bundle(fitting[0].path)


def _capitals_apart(
    models: list[ShelvedModel], target: str | None, source: str | None
) -> tuple[str | None, str | None] | None:
    """Target and source as models have them that were typed with other capitals; None: no one pair."""
    if target is not None:
        target = as_typed(target, (model.metadata.target for model in models))
        if target is None:
            return None
    if source is not None:
        source = as_typed(source, (model.metadata.source for model in _fitting(models, target, None)))
        if source is None:
            return None
    return target, source


def is_found(workspace: Workspace, model: ShelvedModel) -> bool:
    """Whether :func:`find_model` finds this model by its two styles; else only its file means it.

    Args:
        workspace: that is looked into first.
        model: one that :func:`styleshift.models.shelf.list_models` finds.
    """
    styles = model.metadata.source, model.metadata.target
    every = list_models(workspace)
    fitting = [each for each in every if (each.metadata.source, each.metadata.target) == styles]
    return [each.path for each in fitting if each.place == fitting[0].place] == [model.path]


def _meant(target: str | None, source: str | None, others: list[str]) -> str:
    """The nearest names, where what was typed looks like a slip; else nothing."""
    pairs = [tuple(other.split(" to ", 1)) for other in others]
    targets = [pair[1] for pair in pairs]
    sources = [pair[0] for pair in pairs if target not in targets or pair[1] == target]
    words = []
    for option, typed, there in (("target", target, targets), ("source", source, sources)):
        near = nearest(typed, there) if typed is not None and typed not in there else None
        if near is not None:
            words.append(f"`{option}={shlex.quote(near)}`")
    return f"did you mean {' '.join(words)}?" if words else ""


def _several(
    fitting: list[ShelvedModel], folder: Path, command: Callable[[Path], list[str]]
) -> NothingToDoError:
    lines = [
        f"  {shlex.join(command(model.path))}  # {model.metadata.source} to {model.metadata.target}"
        for model in fitting
    ]
    return NothingToDoError(f"{len(fitting)} models in {folder} fit", "use one of these\n" + "\n".join(lines))
