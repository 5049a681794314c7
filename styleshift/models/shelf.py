"""Every model that a conversion to a style could mean, in the order in which it looks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from styleshift.bundle.load import load_bundle, read_metadata
from styleshift.bundle.metadata import BundleMetadata
from styleshift.bundle.origin import members_of
from styleshift.errors import BundleError, NothingToDoError, UsageError
from styleshift.hooks.registry import load_registry
from styleshift.system.files import atomic_path
from styleshift.system.hashing import file_sha256
from styleshift.words import as_typed, did_you_mean
from styleshift.workspace import Workspace, user_models

Warn = Callable[[str], None]

_MEANT = 3  # names in a hint


@dataclass(frozen=True, slots=True)
class ShelvedModel:
    """One model file that was found.

    Attributes:
        path: the file.
        place: ``workspace``, ``user``, ``shipped``, or the name of what a plugin brings.
        metadata: what it says about itself.
    """

    path: Path
    place: str
    metadata: BundleMetadata

    @property
    def name(self) -> str:
        """Its file's name without the ending; what ``models show`` asks for."""
        return self.path.stem

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "name": self.name,
            "source": self.metadata.source,
            "target": self.metadata.target,
            "place": self.place,
            "path": str(self.path),
            "bytes": self.path.stat().st_size,
            "licence": self.metadata.licence,
            "runs": len(members_of(self.metadata.provenance)),
            "summary": self.metadata.card.summary,
        }


def places(workspace: Workspace) -> dict[str, Path]:
    """Folders by name, nearest first: the workspace's, the user's own, the package's, those of plugins."""
    return {"workspace": workspace.models, "user": user_models(), **packaged_models()}


def packaged_models() -> dict[str, Path]:
    """Folders of models that packages bring, by name; ``shipped`` comes first."""
    return {spec.name: spec.folder for spec in load_registry().models.specs()}


def list_models(workspace: Workspace, warn: Warn = lambda message: None) -> list[ShelvedModel]:
    """All models of all places, nearest place first, then by name.

    Args:
        workspace: whose models come first.
        warn: told of files that could not be read; they are passed over.
    """
    return [model for place, folder in places(workspace).items() for model in models_in(folder, place, warn)]


def models_in(folder: Path, place: str, warn: Warn = lambda message: None) -> Iterator[ShelvedModel]:
    """The models of one folder by name; none where it does not exist."""
    for path in sorted(folder.glob("*.onnx")) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        try:
            yield ShelvedModel(path, place, read_metadata(path))
        except BundleError as error:
            warn(error.message)


def find_named(workspace: Workspace, name: str, warn: Warn = lambda message: None) -> ShelvedModel:
    """The nearest model of a name; where none has it, of the only name that differs in capitals alone.

    Raises:
        NothingToDoError: there is none.
    """
    models = list_models(workspace, warn)
    names = [model.name for model in models]
    meant_name = as_typed(name, names)
    for model in models:
        if model.name == meant_name:
            return model
    # A style alone may mean the models that give it, and then those that take it.
    style = as_typed(
        name, (each for model in models for each in (model.metadata.source, model.metadata.target))
    )
    meant = [model.name for model in models if model.metadata.target == style]
    meant += [model.name for model in models if model.metadata.source == style]
    if meant := list(dict.fromkeys(meant))[:_MEANT]:
        hint = f"did you mean {' or '.join(meant)}?"
    else:
        hint = did_you_mean(name, names)
    raise NothingToDoError(f"no model is called {name!r}", hint or "`styleshift models list` shows all names")


def add_model(path: Path, *, overwrite: bool = False) -> ShelvedModel:
    """Copy a model file into the user's own folder, where every workspace finds it.

    Raises:
        BundleError: it cannot be used as a model.
        UsageError: one of that name exists, and ``overwrite`` is not set; or the folder cannot be written.
    """
    bundle = load_bundle(path)
    target = user_models() / f"{path.stem}.onnx"
    try:
        if not overwrite and target.exists() and file_sha256(target) != bundle.digest:
            taken = f"a model called {target.stem} exists already: {target}"
            raise UsageError(taken, "`overwrite` replaces it")
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as partial:
            shutil.copyfile(path, partial)
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written: {error.strerror or error}",
            "make space, or let yourself write there; `styleshift convert` `model=FILE` takes it as it lies",
        ) from error
    return ShelvedModel(target, "user", bundle.metadata)


def remove_model(workspace: Workspace, name: str) -> Path:
    """Delete a model from the user's own folder; only what :func:`add_model` put there is ever deleted.

    Returns:
        The file that was.

    Raises:
        NothingToDoError: no model is called so.
        UsageError: it lies in the workspace or came with the package, or cannot be deleted.
    """
    path = user_models() / f"{name}.onnx"
    if path.parent != user_models() or not path.is_file():
        found = find_named(workspace, name)
        if found.name != name:  # what is deleted has to be named as it is
            raise NothingToDoError(f"no model is called {name!r}", f"did you mean {found.name}?")
        packaged = found.place in packaged_models()
        reason = f"came with a package: {found.path}" if packaged else f"is of the workspace: {found.path}"
        raise UsageError(
            f"the model {name} {reason}; only models that were added are removed",
            "`styleshift convert` `model=FILE` takes another"
            if packaged
            else "delete that file, if nothing needs it",
        )
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be deleted: {error.strerror or error}",
            "let yourself write to its folder, or delete the file by hand",
        ) from error
    return path
