"""``styleshift evaluate``: how far the style moved, and how much of the music stayed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styleshift.cli.options import option
from styleshift.errors import EXIT_SOME_FAILED, UsageError

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift evaluate ./library-classical --target ./audio/classical --source ./library
styleshift evaluate ./test-piano --target ./audio/piano --source-style ./audio/violin --truth ./test/piano
styleshift evaluate ./library-classical --target ./audio/classical --source ./library --page listen.html
"""


def evaluate(
    converted: Annotated[Path, typer.Argument(metavar="CONVERTED", help="The folder of conversions.")],
    target: Annotated[Path, option("--target FOLDER", "Recordings in the target style.")],
    source: Annotated[
        Path | None,
        option(
            "--source FOLDER",
            "The recordings that were converted, to see how much of the music stayed; paired by name.",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        option("--truth FOLDER", "The same music really played in the target style; paired by name."),
    ] = None,
    source_style: Annotated[
        Path | None,
        option(
            "--source-style FOLDER",
            "More recordings in the source style, to train the classifier (default: --source).",
        ),
    ] = None,
    align: Annotated[
        bool, option("--align", "For speech: align each file in time with --truth, and compare pitch.")
    ] = False,
    page: Annotated[
        Path | None,
        option("--page FILE", "Also write an HTML page that plays source and conversion side by side."),
    ] = None,
    *,
    reporter: TerminalReporter,
) -> None:
    """Measure conversions: how far the style moved, and how much of the music stayed.

    fd is the distance of their sound to the target style (lower is better); p is the probability, from 0 to
    1, that a classifier gives the target style. With --truth: lsd and mcd in dB (lower is better), chr and
    ons, the agreement of harmony and of note onsets (1 is best). With --source: how much harmony and onsets
    agree with the source, and how much changed, in dB.
    """
    from styleshift.cli.flags import in_flags
    from styleshift.evaluation.folders import evaluate_folders

    if page is not None and source is None:
        raise UsageError("--page needs the sources to play beside the conversions", "add --source FOLDER")
    result = evaluate_folders(
        converted,
        target=target,
        source=source,
        truth=truth,
        source_style=source_style,
        align=align,
        reporter=reporter,
    )
    for name, figures in result.files:
        reporter.event("file", name=name, **figures)
    reporter.event("mean", files=len(result.files), **result.mean)
    columns = [key for key in result.mean if any(key in figures for _, figures in result.files)]
    rows = [[name, *(_figure(figures.get(key)) for key in columns)] for name, figures in result.files]
    rows.append(["mean", *(_figure(result.mean[key]) for key in columns)])
    reporter.table(f"{converted}", ["file", *columns], rows)
    if "fd" in result.mean:
        before = result.mean.get("fd_source")
        was = "" if before is None else f"; of the sources: {before:.1f}"
        reporter.result(f"fd {result.mean['fd']:.1f} (all files together){was}")
    reporter.event("verdict", text=result.verdict)
    reporter.result(in_flags(result.verdict))
    if page is not None:
        for note in result.write_page(page):
            reporter.warn(note)
        reporter.event("page", path=str(page))
        reporter.result(f"listen: {page}")
    if result.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
