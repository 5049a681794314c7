"""``styleshift precompute``: the spectrograms of every domain below a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styleshift.cli.options import (
    DebugOption,
    JobsOption,
    JsonOption,
    QuietOption,
    VerboseOption,
    WorkspaceOption,
)

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter
    from styleshift.corpus import PrecomputeResult

EXAMPLES = """Examples:\n
  styleshift precompute ./audio                      every sub-folder of ./audio is one style\n
  styleshift precompute ./audio --domains country    only ./audio/country\n
  styleshift precompute ./audio --dry-run            what would be done\n
  styleshift precompute ./audio --recipe seed -j 8   another recipe's settings, 8 processes"""


def precompute(
    folder: Annotated[Path, typer.Argument(help="Folder whose sub-folders are the styles, one each.")],
    more_domains: Annotated[list[str] | None, typer.Argument(hidden=True, metavar="")] = None,
    domains: Annotated[
        list[str] | None,
        typer.Option("--domains", help="Only these styles.", metavar="NAME...", show_default=False),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="Recipe whose spectrogram settings are used.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value of the recipe.", metavar="KEY=VALUE"),
    ] = None,
    workspace: WorkspaceOption = None,
    jobs: JobsOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    json_lines: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    debug: DebugOption = False,
) -> None:
    """Compute the spectrograms of every style below FOLDER, once; later runs only do what changed.

    Ends with exit code 0 (also when recordings were left out because they are silent or too short),
    3 when some files could not be read, 10 when nothing usable was found.
    """
    from styleshift import workspace as places
    from styleshift.cli.console import TerminalReporter
    from styleshift.corpus import precompute as run
    from styleshift.errors import EXIT_SOME_FAILED, NothingToDoError, UsageError
    from styleshift.recipes import load_recipe

    if more_domains and not domains:
        raise UsageError(
            f"there is one word too many: {more_domains[0]!r}",
            f"styleshift precompute {folder} --domains {' '.join(more_domains)}, if these are styles",
        )
    wanted = [*domains, *(more_domains or [])] if domains else None
    reporter = TerminalReporter(json_lines=json_lines, quiet=quiet, verbose=verbose)
    result = run(
        folder,
        places.workspace(workspace),
        load_recipe(places.setting("recipe", recipe), overrides or []).spectrogram,
        domains=wanted,
        jobs=places.setting("jobs", jobs) or None,
        dry_run=dry_run,
        reporter=reporter,
    )
    _show(result, reporter)
    if not result.tracks and not result.dry_run:
        raise NothingToDoError(
            f"none of the {result.planned} recordings in {folder} could be used",
            "each style is a sub-folder of recordings that can be played and are longer than half a second",
        )
    if result.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _show(result: PrecomputeResult, reporter: TerminalReporter) -> None:
    columns = ("domain", "tracks", "hours", "new", "kept", "removed", "rejected")
    rows: list[tuple[object, ...]] = []
    for domain in result.domains:
        rows.append(
            (
                domain.name,
                domain.tracks,
                f"{domain.hours:.2f}",
                domain.added,
                domain.kept,
                domain.removed,
                len(domain.rejected),
            )
        )
        reporter.event("domain", **domain.to_dict())
    reporter.table("spectrograms", columns, rows)
    rejected = [
        (domain.name, item.name, item.reason, item.message)
        for domain in result.domains
        for item in domain.rejected
    ]
    if rejected:
        reporter.table("left out", ("domain", "recording", "reason", "what was wrong"), rejected)
    reporter.event("precompute", **result.to_dict())
    if result.dry_run:
        reporter.result(f"dry run: {result.planned} recordings to look at, nothing written")
        return
    speed = f", {result.hours_per_second:.2f} hours of music a second" if result.computed_hours else ""
    reporter.result(
        f"{result.computed_hours:.2f} hours computed in {result.seconds:.1f} s{speed}\n"
        f"next: styleshift train --domains {' '.join(domain.name for domain in result.domains[:2])}"
    )
