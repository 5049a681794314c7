"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from styleshift.cli.usage import whole
from styleshift.errors import UsageError

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="FOLDER",
        help="Folder for spectrograms, runs and models (default: ./styleshift-workspace).",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:N or mps (default: auto).", show_default=False
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Where the work runs; see `styleshift plugins list` (default: local, on this machine).",
        show_default=False,
    ),
]
EngineOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--engine-option",
        metavar="KEY=VALUE",
        help="Set an option of the engine. Repeatable.",
        show_default=False,
    ),
]
SourceOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--source-option",
        metavar="SOURCE.KEY=VALUE",
        help="Set an option of a domain source from a plugin. Repeatable.",
        show_default=False,
    ),
]
TrackerOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tracker-option",
        metavar="TRACKER.KEY=VALUE",
        help="Set an option of a tracker, for example tensorboard.excerpts=false. Repeatable.",
        show_default=False,
    ),
]
RuntimeOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--runtime-option",
        metavar="KEY=VALUE",
        help="Set an option of the runtime that --runtime names. Repeatable.",
        show_default=False,
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        parser=whole("--jobs", 1),
        metavar="N",
        help="Work on N recordings at once (default: one for each processor).",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print results as JSON lines.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Show only warnings and errors.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show more detail.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")]


def key_values(words: Sequence[str] | None, flag: str) -> dict[str, str]:
    """``key=value`` words as a table.

    Raises:
        UsageError: a word without ``=``; the flag is named.
    """
    options = {}
    for word in words or ():
        key, found, value = word.partition("=")
        if not found or not key:
            raise UsageError(f"{flag} is {word!r}; it must be KEY=VALUE, such as iterations=100")
        options[key] = value
    return options


def named_values(words: Sequence[str] | None, flag: str) -> dict[str, dict[str, str]]:
    """``name.key=value`` words as a table of tables.

    Raises:
        UsageError: a word of another form; the flag is named.
    """
    tables: dict[str, dict[str, str]] = {}
    for word in words or ():
        whole_key, found, value = word.partition("=")
        name, dot, key = whole_key.rpartition(".")
        if not (found and dot and name and key):
            raise UsageError(
                f"{flag} is {word!r}; it must be NAME.KEY=VALUE, such as tensorboard.excerpts=false"
            )
        tables.setdefault(name, {})[key] = value
    return tables
