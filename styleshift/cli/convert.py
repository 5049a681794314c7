"""``styleshift convert``: a library, or one recording, in another style."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styleshift.audio.formats import FORMATS
from styleshift.bundle.limits import STRENGTH
from styleshift.cli.options import (
    DEVICE,
    DRY_RUN,
    ENGINE,
    ENGINE_OPTIONS,
    JOBS,
    RUNTIME_OPTIONS,
    WORKSPACE,
    argument,
    key_values,
    option,
)
from styleshift.cli.usage import number, one_of, whole
from styleshift.conversion.limits import OVERWRITE, Overwrite
from styleshift.errors import EXIT_SOME_FAILED, NothingToDoError, UsageError
from styleshift.system.patience import STALL_SECONDS
from styleshift.words import as_typed
from styleshift.workspace import setting

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift convert ./library --to classical
styleshift convert song.mp3 --to piano --from violin --output song-on-piano.flac
styleshift convert ./library --to classical --dry-run
styleshift convert ./library --to classical --format flac --include '*/live/*' -j 4
"""


def convert(
    reporter: TerminalReporter,
    music: str = argument("SOURCE", "A folder of recordings, its address, or one recording."),
    target: str | None = option("--to DOMAIN", "The target style (not needed with --model)."),
    source: str | None = option("--from DOMAIN", "The style of the source, if several models fit."),
    model: Path | None = option("--model FILE", "Use this model file instead of searching for one."),
    output: str | None = option(
        "-o --output PATH", "Where to write (default: ./library becomes ./library-DOMAIN)."
    ),
    audio_format: str = option("--format FORMAT", f"Output format: same, {', '.join(FORMATS)}.", "same"),
    strength: float | None = option(
        "--strength NUMBER",
        "How much of the change to keep: 0 none, 1 all, 1.5 the most (default: as the model says).",
        parser=number("--strength", *STRENGTH),
    ),
    vocoder: str | None = option(
        "--vocoder NAME",
        "Turns spectrograms into sound; see `styleshift plugins list` (default: griffin-lim).",
    ),
    vocoder_options: list[str] | None = option(
        "--vocoder-option KEY=VALUE", "Set an option of the vocoder, for example iterations=100. Repeatable."
    ),
    runtime: str | None = option(
        "--runtime NAME", "Runs the model; see `styleshift plugins list` (default: auto)."
    ),
    runtime_options: list[str] | None = RUNTIME_OPTIONS,
    device: str | None = DEVICE,
    engine: str | None = ENGINE,
    engine_options: list[str] | None = ENGINE_OPTIONS,
    jobs: int | None = JOBS,
    include: list[str] | None = option("--include GLOB", "Convert only matching files. Repeatable."),
    exclude: list[str] | None = option("--exclude GLOB", "Skip matching files. Repeatable."),
    limit: int | None = option(
        "--limit N", "Convert at most N files (default: all).", parser=whole("--limit", 1)
    ),
    shard: str | None = option("--shard I/N", "Convert only part I of N, to share the work among machines."),
    overwrite: Overwrite = option(
        f"--overwrite {'|'.join(OVERWRITE)}",
        "Which existing outputs to convert again; stale ones differ in source, model or settings.",
        "stale",
        parser=one_of("--overwrite", OVERWRITE),
    ),
    salvage: bool = option("--salvage", "Convert damaged files as far as they can be read."),
    keep_times: bool = option("--keep-times", "Give outputs the modification times of their sources."),
    include_own: bool = option("--include-own", "Also convert recordings that styleshift made."),
    strict: bool = option("--strict", "A file of which anything would be lost (a tag, a picture) fails."),
    stall_seconds: float = option(
        "--give-up SECONDS",
        "Give up on a file that makes no progress for this long.",
        STALL_SECONDS,
        parser=number("--give-up", 10),
    ),
    dry_run: bool = DRY_RUN,
    workspace: str | None = WORKSPACE,
) -> None:
    """Convert a folder of recordings, or a single one, to another style.

    Folders, names, formats, sample rates, channels, lengths, loudness and tags stay. Your originals are only
    read. Run the same command again to continue after a stop. A file that cannot be converted is reported and
    never stops the rest.
    """
    from styleshift.conversion.library.early import begin_workers

    if not dry_run:
        begin_workers()
    from styleshift.cli.convert_show import show_forecast, show_result
    from styleshift.conversion.api import convert_library, forecast_library
    from styleshift.conversion.settings import ConvertSettings
    from styleshift.hooks.registry import warn_of_plugins
    from styleshift.system.interrupt import StopRequest

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
        show_result(result, stop, reporter)
    # A folder that cannot be listed may hold recordings.
    if result.count("failed") or any(skipped.kind == "unreadable" for skipped in result.plan.skipped):
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
    music: str,
    target: str | None,
    source: str | None,
    model: Path | None,
    folder: str | None,
    reporter: TerminalReporter,
) -> Bundle:
    """The model that was named, or the one that fits."""
    from styleshift.bundle.load import load_bundle
    from styleshift.models.find import find_model
    from styleshift.remote.workspace import fetch_workspace

    if model is None:
        if target is None:
            raise UsageError(
                "no target style is given",
                "add --to DOMAIN or --model FILE; `styleshift models list` shows the styles that there are",
            )

        def command(path: Path) -> list[str]:
            return ["styleshift", "convert", music, "--model", str(path)]

        places = fetch_workspace(folder, ["models"], reporter)
        try:
            return find_model(places, target=target, source=source, command=command, warn=reporter.warn)
        except NothingToDoError as error:
            # No style is called so, and where one is left out the next option is read as it.
            for flag, style in (("--to", target), ("--from", source)):
                if re.fullmatch(r"--\w.*|-\w", style or ""):
                    raise UsageError(
                        f"{flag} needs a style; {style} came next",
                        "`styleshift models list` shows the styles that there are",
                    ) from error
            raise
    bundle = load_bundle(model)
    metadata = bundle.metadata
    if not all(
        typed is None or as_typed(typed, [name])
        for typed, name in ((target, metadata.target), (source, metadata.source))
    ):
        raise UsageError(
            f"{model} converts {metadata.source} to {metadata.target}",
            f"use --from {shlex.quote(metadata.source)} --to {shlex.quote(metadata.target)}, or neither",
        )
    return bundle
