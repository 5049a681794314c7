"""``styleshift models``: the models that there are, and a folder of one's own for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from styleshift.cli import flags
from styleshift.cli.help import Command, Group, text_of
from styleshift.cli.options import DebugOption, JsonOption, QuietOption, WorkspaceOption
from styleshift.errors import EXIT_SOME_FAILED

EXAMPLES = """Examples:

styleshift models list

styleshift models show violin-to-piano

styleshift models add ~/Downloads/flute-to-organ.onnx
"""

app = typer.Typer(
    name="models",
    cls=Group,
    help="List, show, check, add and remove the models that convert finds.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A name from `styleshift models list`.", show_default=False),
]


def list_models(
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """List the models that convert finds: in the workspace, your own, then those that ship."""
    from styleshift.cli.console import TerminalReporter
    from styleshift.models import shelf
    from styleshift.workspace import workspace as find_workspace

    reporter = TerminalReporter(json_lines=json, quiet=quiet)
    found = shelf.list_models(find_workspace(workspace), reporter.warn)
    for model in found:
        reporter.event("model", **model.to_dict())
    rows = [
        [
            model.name,
            model.metadata.source,
            model.metadata.target,
            model.place,
            f"{model.path.stat().st_size / 1e6:.1f} MB",
            model.metadata.licence,
        ]
        for model in found
    ]
    if rows:
        reporter.table("", ["model", "from", "to", "where", "size", "licence"], rows, whole=("model",))
    else:
        reporter.info("there are no models yet; make one with `styleshift train` and `styleshift export`")


def show(
    name: NameArgument,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show a model's card: what it learned from, who may use it, how good it is, what it is bad at."""
    from styleshift.cli.console import TerminalReporter
    from styleshift.models.card_page import card_text
    from styleshift.models.shelf import find_named
    from styleshift.workspace import workspace as find_workspace

    reporter = TerminalReporter(json_lines=json)
    model = find_named(find_workspace(workspace), name, reporter.warn)
    told: dict[str, Any] = {**model.to_dict(), "card": model.metadata.card.to_dict()}
    told["provenance"] = dict(model.metadata.provenance)
    reporter.event("model", **told)
    reporter.result(card_text(model))


def verify(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A name from `styleshift models list` (default: all).", show_default=False
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Check that models are whole, are the ones that were shipped, and run on this machine."""
    from styleshift.cli.console import TerminalReporter
    from styleshift.errors import BundleError
    from styleshift.models.shelf import find_named, list_models
    from styleshift.models.verify import verify_model
    from styleshift.workspace import workspace as find_workspace

    reporter = TerminalReporter(json_lines=json, quiet=quiet)
    unreadable: list[str] = []
    place = find_workspace(workspace)
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
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A model file that `styleshift export` wrote.", show_default=False
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model of the same name.")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy a model into your own folder, where convert finds it from every workspace.

    A model is data: opening it runs none of its code. A file that is not a valid model is refused.
    """
    from styleshift.cli.console import TerminalReporter
    from styleshift.models.shelf import add_model

    reporter = TerminalReporter(json_lines=json, quiet=quiet)
    model = add_model(file, overwrite=overwrite)
    reporter.event("added", **model.to_dict())
    reporter.result(f"{model.path}  {model.metadata.source} to {model.metadata.target}")


def remove(
    name: NameArgument,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Delete a model from your own folder. Models in a workspace or shipped with styleshift stay."""
    from styleshift.cli.console import TerminalReporter
    from styleshift.models.shelf import remove_model
    from styleshift.workspace import workspace as find_workspace

    reporter = TerminalReporter(json_lines=json, quiet=quiet)
    path = remove_model(find_workspace(workspace), name)
    reporter.event("removed", name=name, path=str(path))
    reporter.result(f"deleted {path}")


for _name, _command in (
    ("list", list_models),
    ("show", show),
    ("verify", verify),
    ("add", add),
    ("remove", remove),
):
    app.command(_name, cls=Command, help=text_of(_command), epilog=EXAMPLES)(_command)
    flags.declare(f"models {_name}", _command)
