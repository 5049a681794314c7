"""``styleshift convert``: a library, or one recording, in another style."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styleshift.audio.formats import FORMATS
from styleshift.cli.options import (
    DebugOption,
    DeviceOption,
    EngineOption,
    EngineOptionsOption,
    JobsOption,
    JsonOption,
    QuietOption,
    RuntimeOptionsOption,
    VerboseOption,
    WorkspaceOption,
    key_values,
)
from styleshift.cli.usage import number, one_of, whole
from styleshift.errors import EXIT_SOME_FAILED, UsageError
from styleshift.workspace import setting
from styleshift.workspace import workspace as workspace_at

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """Examples:

styleshift convert ./library --to classical

styleshift convert song.mp3 --to piano --from violin --output song-on-piano.flac

styleshift convert ./library --to classical --dry-run

styleshift convert ./library --to classical --format flac --include '*/live/*' -j 4
"""


def convert(
    music: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A folder of recordings, or one recording.", show_default=False
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DOMAIN", help="The target style (not needed with --model).", show_default=False
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DOMAIN",
            help="The style of the source, if several models fit.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="Use this model file instead of searching for one.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Where to write (default: ./library becomes ./library-DOMAIN).",
            show_default=False,
        ),
    ] = None,
    audio_format: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help=f"Output format: same, {', '.join(FORMATS)}."),
    ] = "same",
    strength: Annotated[
        float | None,
        typer.Option(
            "--strength",
            metavar="NUMBER",
            parser=number("--strength", 0, 1.5),
            help="How much of the change to keep: 0 none, 1 all, 1.5 the most (default: as the model says).",
            show_default=False,
        ),
    ] = None,
    vocoder: Annotated[
        str | None,
        typer.Option(
            "--vocoder",
            metavar="NAME",
            help="Turns spectrograms into sound; see `styleshift plugins list` (default: griffin-lim).",
            show_default=False,
        ),
    ] = None,
    vocoder_options: Annotated[
        list[str] | None,
        typer.Option(
            "--vocoder-option",
            metavar="KEY=VALUE",
            help="Set an option of the vocoder, for example iterations=100. Repeatable.",
            show_default=False,
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            "--runtime",
            metavar="NAME",
            help="Runs the model; see `styleshift plugins list` (default: auto).",
            show_default=False,
        ),
    ] = None,
    runtime_options: RuntimeOptionsOption = None,
    device: DeviceOption = None,
    engine: EngineOption = None,
    engine_options: EngineOptionsOption = None,
    jobs: JobsOption = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include", metavar="GLOB", help="Convert only matching files. Repeatable.", show_default=False
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="GLOB", help="Skip matching files. Repeatable.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            parser=whole("--limit", 1),
            metavar="N",
            help="Convert at most N files (default: all).",
            show_default=False,
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Convert only part I of N, to share the work among machines.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        str,
        typer.Option(
            "--overwrite",
            parser=one_of("--overwrite", ("never", "stale", "always")),
            metavar="never|stale|always",
            help="Which existing outputs to convert again; stale ones differ in source, model or settings.",
        ),
    ] = "stale",
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Convert damaged files as far as they can be read.")
    ] = False,
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Give outputs the modification times of their sources.")
    ] = False,
    include_own: Annotated[
        bool, typer.Option("--include-own", help="Also convert recordings that styleshift made.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="A file of which anything would be lost (a tag, a picture) fails."),
    ] = False,
    stall_seconds: Annotated[
        float,
        typer.Option(
            "--give-up",
            metavar="SECONDS",
            parser=number("--give-up", 10),
            help="Give up on a file that makes no progress for this long.",
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

    Folders, names, formats, sample rates, channels, lengths, loudness and tags stay. Your originals are only
    read. Run the same command again to continue after a stop. A file that cannot be converted is reported and
    never stops the rest.
    """
    from styleshift.cli.console import TerminalReporter
    from styleshift.cli.convert_show import show_forecast, show_result
    from styleshift.conversion.api import convert_library, forecast_library
    from styleshift.conversion.settings import ConvertSettings
    from styleshift.hooks.registry import warn_of_plugins
    from styleshift.system.interrupt import StopRequest

    reporter = TerminalReporter(json_lines=json, quiet=quiet, verbose=verbose)
    warn_of_plugins(reporter)
    settings = ConvertSettings(
        audio_format=audio_format,
        strength=strength,
        vocoder=setting("vocoder", vocoder),
        vocoder_options=key_values(vocoder_options, "--vocoder-option"),
        runtime=setting("runtime", runtime),
        runtime_options=key_values(runtime_options, "--runtime-option"),
        device=setting("device", device),
        salvage=salvage,
        keep_times=keep_times,
        include_own=include_own,
        strict=strict,
        output=output,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        limit=limit,
        shard=_shard(shard),
        overwrite=overwrite,
        engine=setting("engine", engine),
        engine_options=key_values(engine_options, "--engine-option"),
        jobs=setting("jobs", jobs) or None,
        stall_seconds=stall_seconds,
    )
    bundle = _model(music, target, source, model, workspace, reporter)
    if dry_run:
        show_forecast(forecast_library(music, bundle, settings, reporter=reporter), reporter)
        return
    with StopRequest() as stop:
        result = convert_library(music, bundle, settings, stop=lambda: stop.requested, reporter=reporter)
        show_result(result, settings, stop, reporter)
    # A folder that cannot be listed may hold recordings.
    if result.of("failed") or any(skipped.kind == "unreadable" for skipped in result.plan.skipped):
        raise typer.Exit(EXIT_SOME_FAILED)


def _shard(text: str | None) -> tuple[int, int] | None:
    """``"2/4"`` as ``(2, 4)``."""
    if text is None:
        return None
    first, _, count = text.partition("/")
    if first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count):
        return int(first), int(count)
    raise UsageError(f"--shard is {text!r}; it must be I/N with I from 1 to N, such as 2/4")


def _model(
    music: Path,
    target: str | None,
    source: str | None,
    model: Path | None,
    folder: Path | None,
    reporter: TerminalReporter,
) -> Bundle:
    """The model that was named, or the one that fits."""
    from styleshift.bundle.load import load_bundle
    from styleshift.models.find import find_model

    if model is None:
        if target is None:
            raise UsageError("no target style is given", "add --to DOMAIN or --model FILE")

        def command(path: Path) -> list[str]:
            return ["styleshift", "convert", str(music), "--model", str(path)]

        places = workspace_at(folder)
        return find_model(places, target=target, source=source, command=command, warn=reporter.warn)
    bundle = load_bundle(model)
    metadata = bundle.metadata
    if target not in (None, metadata.target) or source not in (None, metadata.source):
        raise UsageError(
            f"{model} converts {metadata.source} to {metadata.target}",
            f"use --from {shlex.quote(metadata.source)} --to {shlex.quote(metadata.target)}, or neither",
        )
    return bundle
