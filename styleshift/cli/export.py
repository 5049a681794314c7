"""``styleshift export``: a trained run becomes model files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from styleshift.bundle.limits import GENERATOR_SHARE, KEEP_QUIET, SMOOTHING, STRENGTH
from styleshift.cli.options import WORKSPACE, option
from styleshift.cli.usage import number

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift export
styleshift export --run violin-piano --checkpoint last
styleshift export --run first --ensemble second --ensemble third
styleshift export --output ./my-models --licence CC-BY-4.0 --card card.toml
"""


def export(
    reporter: TerminalReporter,
    run: str | None = option("--run NAME", "The run to export (default: the one trained most recently)."),
    ensemble: list[str] | None = option(
        "--ensemble RUN",
        "A further run, such as one of another seed: a model gives the mean of all. Repeatable.",
    ),
    checkpoint: str = option(
        "--checkpoint best|last|STEP",
        "The checkpoint to export; 2000+last for the mean of two, and so on.",
        "best",
    ),
    output: Path | None = option(
        "-o --output FOLDER", "Folder for the models (default: models in the workspace, where convert looks)."
    ),
    licence: str = option(
        "--licence --license TEXT",
        "Licence to store in the model, for example CC-BY-4.0 (default: none).",
        "",
    ),
    card: Path | None = option(
        "--card FILE.toml", "What people want to know of the models, to store in them (default: none)."
    ),
    strength: float = option(
        "--strength NUMBER",
        "How much of its change convert keeps where nobody says otherwise; 1 is all, 1.5 the most.",
        1.0,
        parser=number("--strength", *STRENGTH),
    ),
    generator_share: float = option(
        "--generator-share NUMBER",
        "How much of what the network itself changes is kept, from 0.1; less, where a voice loses words.",
        1.0,
        parser=number("--generator-share", *GENERATOR_SHARE),
    ),
    match_spectrum: bool = option(
        "--match-spectrum", "Give conversions their target's mean spectrum, where a model is dull or shrill."
    ),
    match_variance: bool = option(
        "--match-variance", "Make conversions vary as much as their target, where they are flat or flicker."
    ),
    smooth_frames: float = option(
        "--smooth-frames NUMBER",
        "Blur conversions along time, where a model flickers: 0.1 a little, 0.3 the most; to -0.1 sharpens.",
        0.0,
        parser=number("--smooth-frames", *SMOOTHING),
    ),
    smooth_bins: float = option(
        "--smooth-bins NUMBER", "The same along frequency.", 0.0, parser=number("--smooth-bins", *SMOOTHING)
    ),
    keep_quiet: float | None = option(
        "--keep-quiet DB",
        "Where a recording is this far below its level, add little: 20 for a model that plays on in pauses.",
        parser=number("--keep-quiet", *KEEP_QUIET),
    ),
    overwrite: bool = option(
        "--overwrite", "Also replace models whose run is gone, which could not be exported again."
    ),
    workspace: str | None = WORKSPACE,
) -> None:
    """Export a trained run as two ONNX models, one for each direction.

    Each model is one file that carries its settings, its origin and its licence. Before it is kept, its
    output is compared with PyTorch's at several lengths. It replaces an older model of the same styles,
    unless the run of that one is gone; then add --overwrite.
    """
    from styleshift.bundle.run import export_run
    from styleshift.bundle.settings import ExportSettings
    from styleshift.remote.workspace import shared_workspace

    settings = ExportSettings(
        run=run,
        ensemble=tuple(ensemble or ()),
        checkpoint=checkpoint,
        output=output,
        licence=licence,
        card=card,
        strength=strength,
        generator_share=generator_share,
        match_spectrum=match_spectrum,
        match_variance=match_variance,
        smooth_frames=smooth_frames,
        smooth_bins=smooth_bins,
        keep_quiet=keep_quiet,
    )
    reads = ["runs", *(["spectrograms"] if match_spectrum or match_variance else [])]
    with shared_workspace(
        workspace, reads, ["models"] if output is None else [], "models", reporter
    ) as place:
        exported = export_run(place, settings, overwrite=overwrite, reporter=reporter)
    for made in exported:
        reporter.event("exported", **made.to_dict())
        size = made.path.stat().st_size / 1e6
        reporter.result(f"{made.path}  {made.source} to {made.target}, {size:.1f} MB")
    if output is None:
        reporter.info(f"next: styleshift convert ./library --to {exported[0].target}")
