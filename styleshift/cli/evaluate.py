"""``styleshift evaluate``: how far the style moved, and how much stayed of what is played or said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styleshift.cli.options import argument, option
from styleshift.errors import EXIT_SOME_FAILED, UsageError

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter
    from styleshift.evaluation.folders import Evaluation

EXAMPLES = """\
styleshift evaluate ./library-classical --target ./audio/classical --source ./library
styleshift evaluate ./test-piano --target ./audio/piano --source-style ./audio/violin --truth ./test/piano
styleshift evaluate ./library-classical --target ./audio/classical --source ./library --page listen.html
styleshift evaluate ./library-classical --target ./audio/classical --source ./library --embedding hear:embed
"""


def evaluate(
    reporter: TerminalReporter,
    converted: Path = argument("CONVERTED", "The folder of conversions."),
    target: Path = option("--target FOLDER", "Recordings in the target style.", ...),
    source: Path | None = option(
        "--source FOLDER",
        "The recordings that were converted, to see how much stayed of what is played or said; paired by "
        "name.",
    ),
    truth: Path | None = option(
        "--truth FOLDER",
        "The same pieces or sentences as they really are in the target style; paired by name.",
    ),
    source_style: Path | None = option(
        "--source-style FOLDER",
        "More recordings in the source style, to train the classifier (default: --source).",
    ),
    align: bool = option(
        "--align",
        "For speech: align each file in time with --truth, compare pitch, ask for sounds of speech instead "
        "of harmony.",
    ),
    embedding: str | None = option(
        "--embedding MODULE:FUNCTION",
        "Also measure the distance in the space of a network of your own: a Python function of samples and "
        "their rate that gives vectors.",
    ),
    page: Path | None = option(
        "--page FILE", "Also write an HTML page that plays source and conversion side by side."
    ),
) -> None:
    """Measure conversions: how far the style moved, and how much stayed of what is played or said.

    The distance to the target style is smaller the nearer the sound comes to it; a classifier says how much a
    file sounds like that style, from 0 to 1. With --truth: how far off the truth the sound is, in dB, and how
    well harmony and note onsets agree with it. With --source: how much of harmony and onsets, or of sounds of
    speech, is kept, and how much changed, in dB. In --json these are fd, p, lsd, mcd, chr, ons, chr_kept,
    ons_kept, phones_kept and change; fad is the distance by --embedding.

    Files with nothing to measure are left out and named: those shorter than half a second, and those of
    silent sources. The exit code is 0 all the same; it is 3 when a file is damaged or cannot be read.
    """
    from styleshift.cli.flags import in_flags
    from styleshift.evaluation.embedding import load_embedding
    from styleshift.evaluation.figures import IN_WORDS
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
        embedding=None if embedding is None else load_embedding(embedding),
        reporter=reporter,
    )
    for name, figures in result.files:
        reporter.event("file", name=name, **figures)
    reporter.event("mean", files=len(result.files), **result.mean)
    if result.interval:
        reporter.event("interval", **{key: list(ends) for key, ends in result.interval.items()})
    for event, names in (("left_out", result.left_out), ("failed", result.failed)):
        for name, message in names:
            reporter.event(event, name=name, message=message)
    _show_figures(f"{converted}", result, reporter)
    if result.failed or result.left_out:
        counts = [(len(result.files), "measured"), (len(result.left_out), "left out")]
        counts.append((len(result.failed), "damaged or unreadable"))
        reporter.result(", ".join(f"{count} {what}" for count, what in counts if count))
    if result.tags:
        reporter.event("tags", **result.tags)
        heard = [[tag, *map(_figure, row.values())] for tag, row in result.tags.items()]
        reporter.table(IN_WORDS["tags"], ["tag", *next(iter(result.tags.values()))], heard)
    for key, form, by in (("fd", ".1f", ""), ("fad", ".4g", ", by the embedding")):
        if key == "fd" and result.judgement is None:  # the verdict is that it is so far
            continue
        if (found := result.mean.get(key)) is not None:
            before = result.mean.get(f"{key}_source")
            was = "" if before is None else f" (of the sources: {before:{form}})"
            reporter.result(f"distance of all files together to the target style{by}: {found:{form}}{was}")
    reporter.event("verdict", text=result.verdict)
    reporter.result(in_flags(result.verdict))
    if page is not None:
        for note in result.write_page(page):
            reporter.warn(note)
        reporter.event("page", path=str(page))
        reporter.result(f"listen: {page}")
    if result.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _show_figures(title: str, result: Evaluation, reporter: TerminalReporter) -> None:
    """A table of the files, whose heads are short, and one that says what these are, with their means."""
    from styleshift.evaluation.figures import IN_WORDS

    of_each = [key for key in result.mean if any(key in figures for _, figures in result.files)]
    files = [[name, *(_figure(figures.get(key)) for key in of_each)] for name, figures in result.files]
    if of_each:
        reporter.table(title, ["file", *of_each], files, narrow=of_each)
    told = [key for key in result.mean if key in of_each or key == "percussive_target"]
    means = [
        [key, IN_WORDS[key], _figure(result.mean[key]), _interval(result.interval.get(key))] for key in told
    ]
    if means:
        reporter.table("", ["figure", "in words", "mean", "95 %"], means, whole=("figure", "mean", "95 %"))


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:z.2f} to {ends[1]:z.2f}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:z.2f}"
