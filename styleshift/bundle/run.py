"""Exports a run of the workspace: both directions, one file each."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.card import read_card
from styleshift.bundle.export import Exported, export_bundle
from styleshift.bundle.names import file_name
from styleshift.bundle.origin import find_origin, steps_of
from styleshift.bundle.settings import ExportSettings
from styleshift.errors import UsageError
from styleshift.progress import Reporter
from styleshift.training.directions import DIRECTIONS, ends_of
from styleshift.training.find import CHECKPOINTS, find_run
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from torch import nn

    from styleshift.bundle.variance import VarianceFilter
    from styleshift.training.checkpoint import TrainedModel
    from styleshift.training.translator import Translator


def export_run(
    workspace: Workspace,
    settings: ExportSettings | None = None,
    *,
    overwrite: bool = False,
    reporter: Reporter | None = None,
    **options: Any,
) -> list[Exported]:
    """Export both directions of a run as ``SOURCE-to-TARGET.onnx``.

    Args:
        workspace: where the run is.
        settings: of the export.
        overwrite: also replace what could not be exported again: models of runs that the workspace does not
            have, and files that are not models.
        reporter: receives progress and warnings.
        options: fields of :class:`styleshift.bundle.settings.ExportSettings` that replace those of
            ``settings``: ``export_run(workspace, run="first", strength=0.8)``.

    Raises:
        NothingToDoError: there is no such run.
        ConfigError: no such option, a value is out of range, the variance of an ensemble is to be matched,
            the card cannot be used, or the compression is none in which a spectrum or a variance can be
            matched.
        CorpusError: something is to be matched, and the spectrograms are absent, damaged, or made with other
            settings than the run's.
        UsageError: a run is named twice or cannot be averaged with the others, or a file in the way could not
            be exported again.
        CheckpointError: the checkpoint is absent or damaged.
        ParityError, BundleError: see :func:`styleshift.bundle.export.export_bundle`.
    """
    reporter = reporter or Reporter()
    settings = replace(settings or ExportSettings(), **options)
    folder, *further = _find_runs(workspace, settings.run, settings.ensemble)
    from styleshift.training.checkpoint import load_trained

    members = []
    for each in (folder, *further):
        with reporter.phase(f"loading run {each.name}"):
            members.append(load_trained(each, settings.checkpoint, reporter))
    trained, *others = members
    _check_together([folder, *further], members)
    output = Path(settings.output or workspace.models)
    paths, cards = {}, {}
    for direction in DIRECTIONS:
        source, target = ends_of(direction, trained.domains)
        cards[direction] = read_card(Path(settings.card), source, target) if settings.card else None
        paths[direction] = output / f"{file_name(source)}-to-{file_name(target)}.onnx"
    there = {path: find_origin(workspace, path, folder) for path in paths.values() if path.exists()}
    lost = [f"{path.name}, {maker.what}" for path, maker in there.items() if maker.again is None]
    if lost and not overwrite:
        raise UsageError(
            f"{output} holds {' and '.join(lost)}, which could not be exported again",
            "`overwrite` replaces it anyway; or use another `output` for the new models",
        )
    _restrain(members, settings.generator_share)
    behind = _filters(workspace, [folder, *further], members, settings, reporter)
    settings = replace(settings, run=folder.name)
    trained, *others = (
        replace(member, provenance={**member.provenance, "run": each.name})
        for each, member in zip((folder, *further), members, strict=True)
    )
    made = []
    with reporter.task("export", total=len(DIRECTIONS), unit="models") as task:
        for direction, path in paths.items():
            for each, member in zip((folder, *further), members, strict=True):
                _tell_choice(
                    each, direction, path.stem, member.checkpoints[direction], settings.checkpoint, reporter
                )
            reporter.info(f"writing {path.name} and comparing it with PyTorch")
            exported = export_bundle(
                trained,
                direction,
                path,
                others=others,
                settings=settings,
                card=cards[direction],
                behind=behind.get(direction),
            )
            task.advance()
            reporter.detail(f"{path.name}: within {exported.parity:.1e} of PyTorch")
            if maker := there.get(path):
                reporter.info(f"{path.name} replaces the one that was there, {maker.what}{maker.again or ''}")
            made.append(exported)
    return made


def _restrain(members: Sequence[TrainedModel], share: float) -> None:
    """Keep less of what the generators change, in place: what is measured later is measured behind it."""
    from styleshift.bundle.restraint import Restraint

    if share == 1:
        return
    for member in members:
        for translator in member.translators.values():
            translator.core = Restraint(translator.core, share)


def _filters(
    workspace: Workspace,
    folders: Sequence[Path],
    members: Sequence[TrainedModel],
    settings: ExportSettings,
    reporter: Reporter,
) -> dict[str, Callable[[Translator], nn.Module]]:
    """What the settings put behind the generators of each direction; nothing where they ask for nothing."""
    from styleshift.bundle.match import match
    from styleshift.bundle.postfilter import Postfilter
    from styleshift.bundle.quiet import QuietLimit
    from styleshift.bundle.smoothing import Smoothing

    config, smoothing, quiet = members[0].spectrogram, None, None
    if settings.smooth_frames or settings.smooth_bins:
        smoothing = Smoothing(settings.smooth_frames, settings.smooth_bins, config)
    if settings.keep_quiet is not None:
        quiet = QuietLimit(settings.keep_quiet, config)
    variances: dict[str, VarianceFilter] = {}
    if settings.match_spectrum or settings.match_variance:
        for folder, member in zip(folders, members, strict=True):
            # Of one run alone there are variances.
            variances |= match(workspace, member, folder.name, settings, smoothing, quiet, reporter)
    return {
        direction: partial(Postfilter, variance=variance, smoothing=smoothing, quiet=quiet)
        for direction in DIRECTIONS
        if (variance := variances.get(direction)) or smoothing or quiet
    }


def _find_runs(workspace: Workspace, run: str | None, ensemble: Sequence[str]) -> list[Path]:
    """Their folders, each once."""
    folders = [find_run(workspace, name) for name in (run, *ensemble)]
    if twice := [folder.name for at, folder in enumerate(folders) if folder in folders[:at]]:
        raise UsageError(
            f"run {twice[0]} is named twice for one `ensemble`",
            "name runs that differ, such as in their seed",
        )
    return folders


def _check_together(folders: Sequence[Path], members: Sequence[TrainedModel]) -> None:
    """That one graph can hold them all."""
    first = _what_is_shared(members[0])
    for folder, member in zip(folders[1:], members[1:], strict=True):
        for what, value in _what_is_shared(member).items():
            if value != first[what]:
                raise UsageError(
                    f"runs {folders[0].name} and {folder.name} differ in their {what}",
                    "an `ensemble` is of runs of the same domains and settings, which differ in their seed",
                )


def _what_is_shared(trained: TrainedModel) -> dict[str, Any]:
    """What conversion does around a graph, by its name."""
    fronts = trained.translators.values()
    return {
        "domains": trained.domains,
        "spectrogram": trained.spectrogram,
        "length of a window": (trained.window_frames, trained.time_multiple),
        "pitch of voices": [one.front.target() if one.front else None for one in fronts],
        "damped drums": [one.drums.target() if one.drums else None for one in fronts],
        "equaliser of recordings": [one.voice is not None for one in fronts],
    }


def _tell_choice(
    folder: Path, direction: str, model: str, about: Mapping[str, Any], asked: str, reporter: Reporter
) -> None:
    """Which step of a run a model is of, how it was judged, and whether that is worth having."""
    from styleshift.training.files import CheckpointFolder

    step, run = about["step"], folder.name
    if "mean_of" in about:
        chosen = f", the mean of {steps_of(about)}"
    else:
        chosen = _describe_choice(step, direction, CheckpointFolder(folder / CHECKPOINTS).scores())
    reporter.info(f"run {run}, {model}: step {step}{chosen}")
    if asked == "best" and step == 0:
        reporter.warn(
            f"run {run} never scored better than at its start for {model}, so the start is exported: at best "
            f"an equaliser. Train it longer (`styleshift train` `resume` `name={shlex.quote(run)}` "
            "`minutes=60`), or export the last checkpoint (`checkpoint=last`)"
        )


def _describe_choice(step: int, direction: str, scores: Mapping[int, Mapping[str, float]]) -> str:
    """How that step was judged among the others of its run, as the middle of a sentence."""
    found = {at: parts[direction] for at, parts in scores.items() if direction in parts}
    if step not in found:
        return ", which has no score"
    best = max(found, key=found.__getitem__)
    if step != best:
        return f", score {found[step]:.2f} of 1 (the best is step {best} with {found[best]:.2f})"
    start = f"; the start had {found[0]:.2f}" if 0 in found and step else ""
    if start and round(found[step], 2) <= round(found[0], 2):
        start += ": the training has not moved it yet"
    return f", score {found[step]:.2f} of 1 (the best of {len(found)} checkpoints{start})"
