"""``styleshift convert``: a library, or one recording, in another style."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styleshift.audio.formats import FORMATS
from styleshift.cli.options import (
    DebugOption,
    DeviceOption,
    JobsOption,
    JsonOption,
    QuietOption,
    VerboseOption,
    WorkspaceOption,
)
from styleshift.cli.usage import number, one_of, whole

EXAMPLES = """Examples:

styleshift convert ./library --to classical

styleshift convert song.mp3 --to piano --from violin --output song-on-piano.flac

styleshift convert ./library --to classical --dry-run

styleshift convert ./library --to classical --format flac --include '*/live/*' -j 4
"""


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A folder of recordings, or one recording.", show_default=False
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DOMAIN", help="The style wanted. Not needed with --model.", show_default=False
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DOMAIN", help="The style it is in, where models differ.", show_default=False
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", metavar="FILE", help="This model file, instead of looking for one.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Where to (default: ./library becomes ./library-DOMAIN).",
            show_default=False,
        ),
    ] = None,
    audio_format: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help=f"What to write: same, {', '.join(FORMATS)}."),
    ] = "same",
    vocoder: Annotated[
        str | None,
        typer.Option(
            "--vocoder",
            metavar="NAME",
            help="From spectrogram to sound; see `styleshift plugins list` (default: griffin-lim).",
            show_default=False,
        ),
    ] = None,
    vocoder_options: Annotated[
        list[str] | None,
        typer.Option(
            "--vocoder-option",
            metavar="KEY=VALUE",
            help="Change an option of the vocoder, such as iterations=100. Repeatable.",
            show_default=False,
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            "--runtime", metavar="NAME", help="What runs the model (default: auto).", show_default=False
        ),
    ] = None,
    device: DeviceOption = None,
    jobs: JobsOption = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include", metavar="GLOB", help="Only files like this. Repeatable.", show_default=False
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="No files like this. Repeatable.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            parser=whole("--limit", 1),
            metavar="N",
            help="At most so many files (default: all).",
            show_default=False,
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Only the I-th of N parts, to share the work among machines.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        str,
        typer.Option(
            "--overwrite",
            parser=one_of("--overwrite", ("never", "stale", "always")),
            metavar="never|stale|always",
            help="Which outputs that are there already are made again.",
        ),
    ] = "stale",
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Convert what can be read of damaged files.")
    ] = False,
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Outputs get the modification times of their sources.")
    ] = False,
    include_own: Annotated[
        bool, typer.Option("--include-own", help="Convert recordings that styleshift made, too.")
    ] = False,
    give_up: Annotated[
        float,
        typer.Option(
            "--give-up",
            metavar="SECONDS",
            parser=number("--give-up", 10),
            help="Give a file up on which nothing has moved for so long.",
        ),
    ] = 300.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and stop.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    debug: DebugOption = False,
) -> None:
    """Convert a folder of music, or one recording, to another style.

    Folders, names, format, sample rate, channels, length, loudness and tags stay; the source is only read.
    A run that was stopped goes on where it was. A file that cannot be converted is reported and never stops
    the rest.
    """
    from styleshift.cli.console import TerminalReporter
    from styleshift.cli.convert_run import ConvertRequest, run_convert
    from styleshift.hooks.registry import warn_of_plugins

    reporter = TerminalReporter(json_lines=json, quiet=quiet, verbose=verbose)
    warn_of_plugins(reporter)
    request = ConvertRequest(
        source=source,
        target=target,
        origin=origin,
        model=model,
        output=output,
        audio_format=audio_format,
        vocoder=vocoder,
        vocoder_options=tuple(vocoder_options or ()),
        runtime=runtime,
        device=device,
        jobs=jobs,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        limit=limit,
        shard=shard,
        overwrite=overwrite,
        salvage=salvage,
        keep_times=keep_times,
        include_own=include_own,
        give_up=give_up,
        dry_run=dry_run,
        workspace=workspace,
    )
    code = run_convert(request, reporter)
    if code:
        raise typer.Exit(code)
