"""Exports a run of the workspace: both directions, one file each."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.card import read_card
from styleshift.bundle.export import Exported, export_bundle
from styleshift.bundle.limits import KEEP_QUIET, SMOOTHING
from styleshift.bundle.names import file_name
from styleshift.bundle.origin import find_origin, steps_of
from styleshift.errors import CorpusError, UsageError
from styleshift.progress import Reporter
from styleshift.training.directions import DIRECTIONS, ends_of
from styleshift.training.find import CHECKPOINTS, find_run
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from styleshift.training.checkpoint import TrainedModel


def export_run(
    workspace: Workspace,
    *,
    run: str | None = None,
    ensemble: Sequence[str] = (),
    checkpoint: str = "best",
    output: Path | None = None,
    licence: str = "",
    card: Path | None = None,
    strength: float = 1.0,
    match_spectrum: bool = False,
    match_variance: bool = False,
    smooth_frames: float = 0.0,
    smooth_bins: float = 0.0,
    keep_quiet: float | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> list[Exported]:
    """Export both directions of a run as ``SOURCE-to-TARGET.onnx``.

    Args:
        workspace: where the run is.
        run: its name; None takes the one trained last.
        ensemble: names of further runs of these domains, such as those of other seeds: a model gives the mean
            of what all of them make; see :class:`styleshift.training.ensemble.Ensemble`.
        checkpoint: of each run ``best``, ``last`` or a step; steps joined by ``+`` (``2000+last``) for their
            mean.
        output: folder for the models; None takes that of the workspace.
        licence: what others may do with the models.
        card: TOML file that tells people about them; see :func:`styleshift.bundle.card.read_card`.
        strength: how much of their change a conversion keeps by default; 1 is all of it.
        match_spectrum: bring the mean spectrum of each direction's conversions to its target's, measured on
            the workspace's recordings; see :func:`styleshift.training.spectrum.match_spectrum`.
        match_variance: make the envelopes of conversions vary more as their target's do; see
            :func:`styleshift.training.variance.match_variance`. Of one run alone: a mean of several varies
            less than each of them.
        smooth_frames: how far each log magnitude is moved towards that of the frame before and of that after:
            a conversion that flickers becomes steadier. 0 leaves it, 0.3 is the most; down to -0.1 it is
            moved away from them, which gives back to the mean of an ``ensemble`` what it lacks in movement.
        smooth_bins: the same towards the bins below and above.
        keep_quiet: so many dB or more below a recording's level little is added; see
            :class:`styleshift.training.quiet.QuietLimit`. 5 to 60; None: no limit.
        overwrite: also replace what could not be exported again: models of runs that the workspace does not
            have, and files that are not models.
        reporter: receives progress and warnings.

    Raises:
        NothingToDoError: there is no such run.
        ConfigError: the card cannot be used, or the compression is none in which a spectrum or a variance can
            be matched.
        CorpusError: something is to be matched, and the spectrograms are absent, damaged, or made with other
            settings than the run's.
        UsageError: ``checkpoint`` is none of the three, a number is out of range, the variance of an ensemble
            is to be matched, a run is named twice or cannot be averaged with the others, or a file in the way
            could not be exported again.
        CheckpointError: the checkpoint is absent or damaged.
        ParityError, BundleError: see :func:`styleshift.bundle.export.export_bundle`.
    """
    reporter = reporter or Reporter()
    _check_checkpoint(checkpoint)
    _check_number("smooth_frames", smooth_frames, SMOOTHING)
    _check_number("smooth_bins", smooth_bins, SMOOTHING)
    if match_variance and ensemble:
        raise UsageError(
            "the variance of an `ensemble` cannot be matched: a mean of runs varies less than each of them",
            "leave out `match_variance`; `smooth_frames=-0.08` gives a mean back some movement",
        )
    if keep_quiet is not None:
        _check_number("keep_quiet", keep_quiet, KEEP_QUIET)
    folder, *further = _find_runs(workspace, run, ensemble)
    from styleshift.training.checkpoint import load_trained
    from styleshift.training.quiet import QuietLimit

    members = []
    for each in (folder, *further):
        with reporter.phase(f"loading run {each.name}"):
            members.append(load_trained(each, checkpoint, reporter))
    trained, *others = members
    _check_together([folder, *further], members)
    paths, cards = {}, {}
    for direction in DIRECTIONS:
        source, target = ends_of(direction, trained.domains)
        cards[direction] = read_card(card, source, target) if card else None
        paths[direction] = (output or workspace.models) / f"{file_name(source)}-to-{file_name(target)}.onnx"
    there = {path: find_origin(workspace, path, folder) for path in paths.values() if path.exists()}
    lost = [f"{path.name}, {maker.what}" for path, maker in there.items() if maker.again is None]
    if lost and not overwrite:
        raise UsageError(
            f"{output or workspace.models} holds {' and '.join(lost)}, which could not be exported again",
            "`overwrite` replaces it anyway; or use another `output` for the new models",
        )
    # The best of each run is at a step of its own.
    told: dict[str, Any] = {"checkpoint": checkpoint} if others else {}
    translators = [translator for member in members for translator in member.translators.values()]
    if smooth_frames or smooth_bins:
        told |= {"smooth_frames": smooth_frames, "smooth_bins": smooth_bins}
        for translator in translators:
            translator.smoothing = (smooth_frames, smooth_bins)
    if keep_quiet is not None:
        told["keep_quiet"] = keep_quiet
        for translator in translators:
            translator.quiet = QuietLimit(keep_quiet, trained.spectrogram)
    wanted = {"match_spectrum": match_spectrum, "match_variance": match_variance}
    matched = [name for name, asked in wanted.items() if asked]
    if matched:
        told |= dict.fromkeys(matched, True)
        for each, member in zip((folder, *further), members, strict=True):
            _match(workspace, member, each.name, matched, reporter)
    trained, *others = (
        replace(member, provenance={**member.provenance, "run": each.name, **told})
        for each, member in zip((folder, *further), members, strict=True)
    )
    made = []
    with reporter.task("export", total=len(DIRECTIONS), unit="models") as task:
        for direction, path in paths.items():
            for each, member in zip((folder, *further), members, strict=True):
                _tell_choice(each, direction, path.stem, member.checkpoints[direction], checkpoint, reporter)
            reporter.info(f"writing {path.name} and comparing it with PyTorch")
            exported = export_bundle(
                trained,
                direction,
                path,
                others=others,
                licence=licence,
                card=cards[direction],
                strength=strength,
            )
            task.advance()
            reporter.detail(f"{path.name}: within {exported.parity:.1e} of PyTorch")
            if maker := there.get(path):
                reporter.info(f"{path.name} replaces the one that was there, {maker.what}{maker.again or ''}")
            made.append(exported)
    return made


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


def _check_number(name: str, value: float, limits: tuple[float, float]) -> None:
    least, most = limits
    if not least <= value <= most:
        raise UsageError(f"{name} is {value!r}; it must be a number from {least:g} to {most:g}")


def _match(
    workspace: Workspace, trained: TrainedModel, run: str, asked: Sequence[str], reporter: Reporter
) -> None:
    """Match the spectrum of its conversions, then their variance, as asked, in its generators."""
    from styleshift.corpus import Corpus, CropSampler
    from styleshift.training.spectrum import match_spectrum
    from styleshift.training.variance import match_variance

    ways = {"match_spectrum": match_spectrum, "match_variance": match_variance}
    corpora = [Corpus.open(workspace.spectrograms / domain) for domain in trained.domains]
    for corpus in corpora:
        if difference := corpus.config.difference(trained.spectrogram):
            raise CorpusError(
                f"the spectrograms of {corpus.domain} do not fit run {run} ({difference})",
                f"`styleshift precompute` with `recipe={trained.recipe.name}` replaces them; or leave out "
                + " and ".join(f"`{name}`" for name in asked),
            )
    for direction, pair in zip(DIRECTIONS, (corpora, corpora[::-1]), strict=True):
        with reporter.phase(f"measuring conversions to {pair[1].domain}"):
            for name in asked:
                source, target = (CropSampler(corpus, trained.window_frames, seed=0) for corpus in pair)
                ways[name](trained.translators[direction], source, target, trained.spectrogram)


def _check_checkpoint(name: str) -> None:
    if name != "best" and not all(part == "last" or part.isdecimal() for part in name.split("+")):
        raise UsageError(
            f"checkpoint is {name!r}; it may be best, last or a step such as 2000",
            "steps joined by +, such as 2000+last, give the mean of their weights",
        )


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
