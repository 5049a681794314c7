"""Exports a run of the workspace: both directions, one file each."""

from __future__ import annotations

import shlex
from pathlib import Path

from styleshift.bundle.export import DIRECTIONS, Exported, export_bundle
from styleshift.bundle.names import file_name
from styleshift.errors import UsageError
from styleshift.progress import Reporter
from styleshift.training.find import CHECKPOINTS, find_run
from styleshift.workspace import Workspace


def export_run(
    workspace: Workspace,
    *,
    run: str | None = None,
    checkpoint: str = "best",
    output: Path | None = None,
    licence: str = "",
    reporter: Reporter | None = None,
) -> list[Exported]:
    """Write both directions of a run as ``SOURCE-to-TARGET.onnx``.

    Args:
        workspace: where the run is.
        run: its name; None: the one that was trained last.
        checkpoint: ``best``, ``last`` or a step.
        output: folder for the models; None: the workspace's own.
        licence: what others may do with the models.
        reporter: told of progress.

    Raises:
        NothingToDoError: there is no such run.
        UsageError: ``checkpoint`` is none of the three.
        CheckpointError: the checkpoint is absent or damaged.
        ParityError, BundleError: see :func:`styleshift.bundle.export.export_bundle`.
    """
    reporter = reporter or Reporter()
    which = _which(checkpoint)
    folder = find_run(workspace, run)
    from styleshift.training.checkpoint import load_trained
    from styleshift.training.files import CheckpointFolder

    trained = load_trained(folder, which, reporter)
    chosen = _describe_choice(trained.step, CheckpointFolder(folder / CHECKPOINTS).scores())
    reporter.info(f"run {folder.name}, step {trained.step}{chosen}: {' and '.join(trained.domains)}")
    if which == "best" and trained.step == 0:
        reporter.warn(
            f"nothing that run {folder.name} has learned scored better than its start, so that start is "
            "exported: at best an equaliser. Train it longer (styleshift train --resume --name "
            f"{shlex.quote(folder.name)} --minutes 60), or hear what it learned last (--checkpoint last)"
        )
    made = []
    with reporter.task("export", total=len(DIRECTIONS), unit="models") as task:
        for direction in DIRECTIONS:
            source, target = trained.domains if direction == "x2y" else trained.domains[::-1]
            path = (output or workspace.models) / f"{file_name(source)}-to-{file_name(target)}.onnx"
            exported = export_bundle(trained, direction, path, licence=licence)
            task.advance()
            reporter.detail(f"{path.name}: within {exported.parity:.1e} of PyTorch")
            if exported.replaced:
                reporter.info(f"{path.name} was there and is replaced")
            made.append(exported)
    return made


def _which(checkpoint: str) -> str | int:
    if checkpoint in ("best", "last"):
        return checkpoint
    if checkpoint.isdecimal():
        return int(checkpoint)
    raise UsageError(f"checkpoint is {checkpoint!r}; it may be best, last or a step such as 2000")


def _describe_choice(step: int, scores: dict[int, float]) -> str:
    """How that step was judged among the others of its run, as the middle of a sentence."""
    if step not in scores:
        return " (never judged)"
    best = max(scores, key=scores.__getitem__)
    if step != best:
        return f" (judged {scores[step]:.2f}; the best, step {best}, {scores[best]:.2f}; 1 is perfect)"
    start = f", the start {scores[0]:.2f}" if 0 in scores and step else ""
    return f" (judged {scores[step]:.2f}, the best of {len(scores)}{start}; 1 is perfect)"
