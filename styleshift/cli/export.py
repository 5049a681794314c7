"""``styleshift export``: a trained run becomes model files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styleshift.cli.options import DebugOption, JsonOption, QuietOption, VerboseOption, WorkspaceOption
from styleshift.cli.usage import number

EXAMPLES = """Examples:

styleshift export

styleshift export --run violin-piano --checkpoint last

styleshift export --output ./my-models --licence CC-BY-4.0 --card card.toml
"""


def export(
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="NAME",
            help="The run to export (default: the one trained most recently).",
            show_default=False,
        ),
    ] = None,
    checkpoint: Annotated[
        str,
        typer.Option(
            "--checkpoint",
            metavar="best|last|STEP",
            help="The checkpoint to export.",
        ),
    ] = "best",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder for the models (default: models in the workspace, where convert looks).",
            show_default=False,
        ),
    ] = None,
    licence: Annotated[
        str,
        typer.Option(
            "--licence",
            "--license",
            metavar="TEXT",
            help="Licence to store in the model, for example CC-BY-4.0 (default: none).",
            show_default=False,
        ),
    ] = "",
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            metavar="FILE.toml",
            help="What people want to know of the models, to store in them (default: none).",
            show_default=False,
        ),
    ] = None,
    strength: Annotated[
        float,
        typer.Option(
            "--strength",
            metavar="NUMBER",
            parser=number("--strength", 0, 1.5),
            help="How much of its change convert keeps where nobody says otherwise; 1 is all, 1.5 the most.",
        ),
    ] = 1.0,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Also replace models whose run is gone, which could not be exported again.",
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    debug: DebugOption = False,
) -> None:
    """Export a trained run as two ONNX models, one for each direction.

    Each model is one file that carries its settings, its origin and its licence. Before it is kept, its
    output is compared with PyTorch's at several lengths. It replaces an older model of the same styles,
    unless the run of that one is gone; then add --overwrite.
    """
    from styleshift.bundle.run import export_run
    from styleshift.cli.console import TerminalReporter
    from styleshift.workspace import workspace as find_workspace

    reporter = TerminalReporter(json_lines=json, quiet=quiet, verbose=verbose)
    exported = export_run(
        find_workspace(workspace),
        run=run,
        checkpoint=checkpoint,
        output=output,
        licence=licence,
        card=card,
        strength=strength,
        overwrite=overwrite,
        reporter=reporter,
    )
    for made in exported:
        reporter.event("exported", **made.to_dict())
        size = made.path.stat().st_size / 1e6
        reporter.result(f"{made.path}  {made.source} to {made.target}, {size:.1f} MB")
    if output is None:
        reporter.info(f"next: styleshift convert ./library --to {exported[0].target}")
