"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styleshift.cli.usage import whole

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="FOLDER",
        help="Where spectrograms, runs and models are kept (default: ./styleshift-workspace).",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:N or mps (default: auto).", show_default=False
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        parser=whole("--jobs", 1),
        metavar="N",
        help="Recordings at once (default: as many as fit the processors).",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Results as JSON lines on stdout.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Only warnings and errors.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
