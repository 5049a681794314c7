"""Which model ``--to classical`` means."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable
from pathlib import Path

from styleshift.bundle.load import Bundle, load_bundle, read_metadata
from styleshift.bundle.metadata import BundleMetadata
from styleshift.errors import BundleError, NothingToDoError
from styleshift.workspace import Workspace, shipped_models, user_models


def find_model(
    workspace: Workspace,
    *,
    target: str | None = None,
    source: str | None = None,
    command: Callable[[Path], list[str]] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Bundle:
    """Look in the workspace, then in the user's model folder, then among the models that ship.

    The first place that has a fitting model decides.

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
    others: list[str] = []
    for folder in (workspace.models, user_models(), shipped_models()):
        fitting: list[tuple[Path, BundleMetadata]] = []
        for path, metadata in _models(folder, warn):
            if target in (None, metadata.target) and source in (None, metadata.source):
                fitting.append((path, metadata))
            else:
                others.append(f"{metadata.source} to {metadata.target}")
        if len(fitting) == 1:
            return load_bundle(fitting[0][0])
        if fitting:
            raise _several(fitting, folder, command or (lambda path: ["--model", str(path)]))
    raise NothingToDoError(
        f"no model converts {_wish(target, source)}"
        + (f"; there are: {', '.join(sorted(set(others)))}" if others else ": there are none yet"),
        _meant(target, source, others) or "train and export one, or name a file with --model",
    )


def _models(folder: Path, warn: Callable[[str], None] | None) -> list[tuple[Path, BundleMetadata]]:
    found = []
    for path in sorted(folder.glob("*.onnx")) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        try:
            found.append((path, read_metadata(path)))
        except BundleError as error:
            if warn:
                warn(error.message)
    return found


def _meant(target: str | None, source: str | None, others: list[str]) -> str:
    """The nearest names, where what was typed looks like a slip; else nothing."""
    pairs = [tuple(other.split(" to ", 1)) for other in others]
    targets = [pair[1] for pair in pairs]
    sources = [pair[0] for pair in pairs if target not in targets or pair[1] == target]
    words = []
    for option, typed, there in (("--to", target, targets), ("--from", source, sources)):
        by_case = {name.casefold(): name for name in there}
        near = difflib.get_close_matches((typed or "").casefold(), by_case, n=1)
        if typed is not None and typed not in there and near:
            words.append(f"{option} {shlex.quote(by_case[near[0]])}")
    return f"did you mean {' '.join(words)}?" if words else ""


def _wish(target: str | None, source: str | None) -> str:
    return f"{source or 'anything'} to {target or 'anything'}"


def _several(
    fitting: list[tuple[Path, BundleMetadata]], folder: Path, command: Callable[[Path], list[str]]
) -> NothingToDoError:
    lines = [
        f"  {shlex.join(command(path))}  # {metadata.source} to {metadata.target}"
        for path, metadata in fitting
    ]
    return NothingToDoError(
        f"{len(fitting)} models in {folder} fit", "one of these commands\n" + "\n".join(lines)
    )
