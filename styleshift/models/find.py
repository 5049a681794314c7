"""Which model a style means: the one in the nearest folder that converts to it."""

from __future__ import annotations

import operator
import shlex
from collections.abc import Callable
from pathlib import Path

from styleshift.bundle.load import Bundle, load_bundle
from styleshift.errors import NothingToDoError
from styleshift.models.shelf import ShelvedModel, list_models, models_in, places
from styleshift.words import nearest
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
    pairs = list(dict.fromkeys((model.metadata.source, model.metadata.target) for model in every))
    if meant := _capitals_apart(pairs, target, source):
        for folder, models in there.items():
            if fitting := _fitting(models, *meant):
                return _only(fitting, folder, command)
    others = sorted(" to ".join(pair) for pair in pairs)
    raise NothingToDoError(
        f"no model converts {source or 'anything'} to {target or 'anything'}"
        + (f"; available: {', '.join(others)}" if others else ": there are none yet"),
        _meant(pairs, target, source) or "train and export one, or name a file with `model`",
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
    pairs: list[tuple[str, str]], target: str | None, source: str | None
) -> tuple[str | None, str | None] | None:
    """Target and source as models have them that were typed with other capitals; None: no one pair.

    Args:
        pairs: source and target of each model.
        target: as it was typed; None: any.
        source: likewise.
    """
    meant = {
        (target and pair[1], source and pair[0])
        for pair in pairs
        if _alike(target, pair[1]) and _alike(source, pair[0])
    }
    # Of several, the one with more that is exactly so.
    most = max((_exact(each, (target, source)) for each in meant), default=0)
    best = [each for each in meant if _exact(each, (target, source)) == most]
    return best[0] if len(best) == 1 else None


def _alike(typed: str | None, name: str) -> bool:
    return typed is None or typed.casefold() == name.casefold()


def _exact(names: tuple[str | None, ...], typed: tuple[str | None, ...]) -> int:
    return sum(map(operator.eq, names, typed))


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


def _meant(pairs: list[tuple[str, str]], target: str | None, source: str | None) -> str:
    """The nearest pair that there is, where what was typed looks like a slip; else nothing."""
    for typed, at in ((target, 1), (source, 0)):
        if typed is not None:
            near = nearest(typed, (pair[at] for pair in pairs))
            pairs = [pair for pair in pairs if near is not None and _alike(near, pair[at])]
    if not pairs:
        return ""
    best = max(pairs, key=lambda pair: _exact(pair, (source, target)))
    words = [
        f"`{option}={shlex.quote(name)}`"
        for option, typed, name in (("target", target, best[1]), ("source", source, best[0]))
        if typed not in (None, name)
    ]
    return f"did you mean {' '.join(words)}?" if words else ""


def _several(
    fitting: list[ShelvedModel], folder: Path, command: Callable[[Path], list[str]]
) -> NothingToDoError:
    lines = [
        f"  {shlex.join(command(model.path))}  # {model.metadata.source} to {model.metadata.target}"
        for model in fitting
    ]
    return NothingToDoError(f"{len(fitting)} models in {folder} fit", "use one of these\n" + "\n".join(lines))
