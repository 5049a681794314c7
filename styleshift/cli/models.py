"""``styleshift models``: the models that there are, and a folder of one's own for them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from styleshift.cli.help import add_command, group
from styleshift.cli.options import LOCAL_WORKSPACE, WORKSPACE, argument, option
from styleshift.errors import EXIT_SOME_FAILED
from styleshift.workspace import Workspace
from styleshift.workspace import workspace as workspace_at

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift models list
styleshift models show violin-to-piano
styleshift models add ~/Downloads/flute-to-organ.onnx
"""


def _place(workspace: str | None, reporter: TerminalReporter) -> Workspace:
    from styleshift.remote.workspace import fetch_workspace

    return fetch_workspace(workspace, ["models"], reporter)


NAME = argument("NAME", "A name from `styleshift models list`.")


def list_models(reporter: TerminalReporter, workspace: str | None = WORKSPACE) -> None:
    """List the models that convert finds: in the workspace, your own, then those that ship."""
    from styleshift.models import shelf

    found = shelf.list_models(_place(workspace, reporter), reporter.warn)
    rows = []
    for model in found:
        reporter.event("model", **model.to_dict())
        about, size = model.metadata, f"{model.path.stat().st_size / 1e6:.1f} MB"
        rows.append([model.name, about.source, about.target, model.place, size, about.licence])
    if rows:
        reporter.table("", ["model", "from", "to", "where", "size", "licence"], rows, whole=("model",))
    else:
        reporter.info("there are no models yet; make one with `styleshift train` and `styleshift export`")


def show(reporter: TerminalReporter, name: str = NAME, workspace: str | None = WORKSPACE) -> None:
    """Show a model's card: what it is bad at, who may use it, a command, how good it is, how it was made."""
    from styleshift.models.card_page import card_text
    from styleshift.models.find import is_found
    from styleshift.models.shelf import find_named

    place = _place(workspace, reporter)
    model = find_named(place, name, reporter.warn)
    words = ["styleshift", "convert", "./FOLDER"]
    if is_found(place, model):
        words += ["--from", model.metadata.source, "--to", model.metadata.target]
        words += [] if workspace is None else ["--workspace", workspace]
    else:
        words += ["--model", str(model.path)]
    usage = shlex.join(words)
    told: dict[str, Any] = {**model.to_dict(), "card": model.metadata.card.to_dict()}
    told["provenance"] = dict(model.metadata.provenance)
    reporter.event("model", **told, usage=usage)
    reporter.result(card_text(model, usage, reporter.width))


def verify(
    reporter: TerminalReporter,
    name: str | None = argument("[NAME]", "A name from `styleshift models list` (default: all).", None),
    workspace: str | None = WORKSPACE,
) -> None:
    """Check that models are whole, are the ones that were shipped, and run on this machine."""
    from styleshift.errors import BundleError
    from styleshift.models.shelf import find_named, list_models
    from styleshift.models.verify import verify_model

    unreadable: list[str] = []
    place = _place(workspace, reporter)
    chosen = list_models(place, unreadable.append) if name is None else [find_named(place, name)]
    for message in unreadable:
        reporter.warn(message)
    failed = len(unreadable)
    for model in chosen:
        try:
            digest = verify_model(model)
        except BundleError as error:
            failed += 1
            reporter.event("verified", name=model.name, path=str(model.path), ok=False, error=error.message)
            reporter.warn(error.message)
        else:
            reporter.event("verified", name=model.name, path=str(model.path), ok=True, digest=digest)
            reporter.result(f"{model.name}: intact, and runs here ({digest[:12]})")
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def add(
    reporter: TerminalReporter,
    file: Path = argument("FILE", "A model file that `styleshift export` wrote."),
    overwrite: bool = option("--overwrite", "Replace a model of the same name."),
) -> None:
    """Copy a model into your own folder, where convert finds it from every workspace.

    A model is data: opening it runs none of its code. A file that is not a valid model is refused.
    """
    from styleshift.models.shelf import add_model

    model = add_model(file, overwrite=overwrite)
    reporter.event("added", **model.to_dict())
    reporter.result(f"{model.path}  {model.metadata.source} to {model.metadata.target}")


def remove(reporter: TerminalReporter, name: str = NAME, workspace: str | None = LOCAL_WORKSPACE) -> None:
    """Delete a model from your own folder. Models in a workspace or shipped with styleshift stay."""
    from styleshift.models.shelf import remove_model

    path = remove_model(workspace_at(workspace), name)
    reporter.event("removed", name=name, path=str(path))
    reporter.result(f"deleted {path}")


app = group("models", "List, show, check, add and remove the models that convert finds.", EXAMPLES)
add_command(app, "models list", list_models, EXAMPLES)
add_command(app, "models show", show, EXAMPLES)
add_command(app, "models verify", verify, EXAMPLES)
add_command(app, "models add", add, EXAMPLES)
add_command(app, "models remove", remove, EXAMPLES)
