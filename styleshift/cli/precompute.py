"""``styleshift precompute``: the spectrograms of every domain below a folder."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from styleshift.cli.options import (
    DRY_RUN,
    ENGINE,
    ENGINE_OPTIONS,
    JOBS,
    SOURCE_OPTIONS,
    WORKSPACE,
    argument,
    key_values,
    named_values,
    option,
)
from styleshift.cli.precompute_show import show_result
from styleshift.errors import EXIT_SOME_FAILED, NothingToDoError, UsageError
from styleshift.workspace import setting

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift precompute ./audio
styleshift precompute ./audio --domains country classical
styleshift precompute ./audio --recipe seed -j 8
styleshift precompute ./audio --dry-run
"""


def precompute(
    reporter: TerminalReporter,
    folder: str = argument("FOLDER", "A folder with one sub-folder of recordings a style, or its address."),
    more_domains: list[str] | None = argument("STYLE", "", None, hidden=True),
    domains: list[str] | None = option("--domains NAME...", "Use only these styles (default: all)."),
    recipe: str | None = option(
        "--recipe NAME|FILE", "Take the spectrogram settings from this recipe or .toml file (default: small)."
    ),
    overrides: list[str] | None = option(
        "--set TABLE.KEY=VALUE",
        "Change one recipe setting, for example spectrogram.hop_length=128. Repeatable.",
    ),
    source_options: list[str] | None = SOURCE_OPTIONS,
    workspace: str | None = WORKSPACE,
    engine: str | None = ENGINE,
    engine_options: list[str] | None = ENGINE_OPTIONS,
    jobs: int | None = JOBS,
    dry_run: bool = DRY_RUN,
) -> None:
    """Compute spectrograms of the recordings in every sub-folder of FOLDER.

    Run it again after you add or change files: it computes only what changed. Recordings that cannot be used
    are listed with the reason, the first few of each; -v lists all. The exit code is 0 when all files could
    be read (silent and very short recordings and conversions by styleshift are skipped), 3 when some are
    damaged or a folder cannot be listed, and 10 when there is nothing to use.
    """
    from styleshift.corpus import precompute as run
    from styleshift.hooks.registry import warn_of_plugins
    from styleshift.recipes import load_recipe
    from styleshift.remote.workspace import shared_workspace

    if more_domains and not domains:
        named = shlex.join(["styleshift", "precompute", str(folder), "--domains", *more_domains])
        raise UsageError(
            f"words that have no place here: {' '.join(more_domains)}", f"{named}, to name styles"
        )
    wanted = [*domains, *(more_domains or [])] if domains else None
    warn_of_plugins(reporter)
    parts = [f"spectrograms/{name}" for name in wanted] if wanted else ["spectrograms"]
    with shared_workspace(workspace, parts, [] if dry_run else parts, "spectrograms", reporter) as place:
        result = run(
            folder,
            place,
            load_recipe(setting("recipe", recipe), overrides or []).spectrogram,
            domains=wanted,
            source_options=named_values(source_options, "--source-option"),
            engine=setting("engine", engine),
            engine_options=key_values(engine_options, "--engine-option"),
            jobs=setting("jobs", jobs) or None,
            dry_run=dry_run,
            reporter=reporter,
        )
    usable = [domain.name for domain in result.domains if domain.tracks]
    show_result(result, usable, recipe, reporter)
    if len(usable) == 1 and wanted is None:
        reporter.warn(
            f"{usable[0]} is the only style in {folder}; training needs two, each in its own sub-folder"
        )
    if not result.tracks and not result.dry_run:
        raise NothingToDoError(
            f"none of the {result.planned} recordings in {folder} could be used",
            "put each style in its own sub-folder, with playable recordings longer than half a second",
        )
    if result.failed:
        raise typer.Exit(EXIT_SOME_FAILED)
