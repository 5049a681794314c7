"""How an option is declared, and the options that several commands share, so that they read the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from styleshift.cli.usage import whole
from styleshift.errors import UsageError


def option(form: str, meaning: str, default: Any = None, **more: Any) -> Any:
    """An option of a command, as the default of its parameter.

    Args:
        form: its flags and what stands for its value, such as ``"-o --output PATH"``; a flag has no value.
        meaning: its help.
        default: what it is where it is not given. Of a flag it is not looked at: a flag is off then, also
            one of the form ``--on/--off``.
        more: as ``typer.Option`` takes it.
    """
    words = form.split()
    flags = [word for word in words if word.startswith("-")]
    value = " ".join(words[len(flags) :]) or None
    if value is None:
        default = False
    return typer.Option(default, *flags, metavar=value, help=meaning, **more)


def argument(name: str, meaning: str, default: Any = ..., **more: Any) -> Any:
    """An argument of a command, as the default of its parameter; it is needed unless it has one itself."""
    return typer.Argument(default, metavar=name, help=meaning, **more)


WORKSPACE = option(
    "--workspace FOLDER",
    "Folder for spectrograms, runs and models, or its address (default: ./styleshift-workspace).",
)
LOCAL_WORKSPACE = option(
    "--workspace FOLDER",
    "Folder for spectrograms, runs and models, on this machine (default: ./styleshift-workspace).",
)
DEVICE = option("--device NAME", "auto, cpu, cuda, cuda:N or mps (default: auto).")
ENGINE = option(
    "--engine NAME", "Where the work runs; see `styleshift plugins list` (default: local, on this machine)."
)
ENGINE_OPTIONS = option("--engine-option KEY=VALUE", "Set an option of the engine. Repeatable.")
SOURCE_OPTIONS = option(
    "--source-option SOURCE.KEY=VALUE", "Set an option of a domain source from a plugin. Repeatable."
)
TRACKER_OPTIONS = option(
    "--tracker-option TRACKER.KEY=VALUE",
    "Set an option of a tracker, for example tensorboard.excerpts=false. Repeatable.",
)
RUNTIME_OPTIONS = option(
    "--runtime-option KEY=VALUE", "Set an option of the runtime that --runtime names. Repeatable."
)
JOBS = option(
    "-j --jobs N",
    "Work on N recordings at once (default: one for each processor).",
    parser=whole("--jobs", 1),
)
DRY_RUN = option("--dry-run", "Show what would be done, and stop.")

# Every command has these: see styleshift.cli.help.reporting.
OUTPUT = {
    "json": option("--json", "Print results as JSON lines."),
    "quiet": option("-q --quiet", "Show only warnings and errors."),
    "verbose": option("-v --verbose", "Show more detail."),
    "debug": option("--debug", "Show the full traceback of an error."),
}


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
