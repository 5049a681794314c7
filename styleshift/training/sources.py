"""What a run learns from: its two corpora, checked, and the batches drawn from them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from styleshift.corpus import Corpus, CropSampler, Shard
from styleshift.errors import CorpusError, NothingToDoError, UsageError
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.data import BatchSource, Crops, RandomCrops, ResidentCrops, fits
from styleshift.training.extras import Augmentations
from styleshift.training.held_out import hold_out, restore_held_out
from styleshift.training.loader import BatchLoader
from styleshift.training.matching import MatchedCrops
from styleshift.training.pairs import PairedCrops
from styleshift.training.self_pairs import SelfPairs
from styleshift.training.state import TrainingState
from styleshift.training.validator import Validator
from styleshift.words import nearest
from styleshift.workspace import Workspace


def open_corpora(place: Workspace, pair: tuple[str, str], recipe: Recipe) -> tuple[Corpus, Corpus]:
    """Both corpora, held against the recipe and each other; raises as ``start_run`` does."""
    corpora = []
    for domain in pair:
        if not (place.spectrograms / domain).is_dir():
            stored = _stored(place)
            meant = [name if name in stored else nearest(name, stored) for name in pair]
            raise NothingToDoError(
                f"there are no spectrograms of {domain!r} in {place.spectrograms}; available: "
                f"{', '.join(stored) or 'none'}",
                f"did you mean `domains={shlex.join(map(str, meant))}`?"
                if all(meant) and len(set(meant)) == 2
                else "make them: styleshift precompute ./audio, with a sub-folder for each domain",
            )
        corpora.append(Corpus.open(place.spectrograms / domain))
    for corpus in corpora:
        if difference := corpus.config.difference(recipe.spectrogram):
            raise CorpusError(
                f"the spectrograms of {corpus.domain} do not fit recipe {recipe.name} ({difference})",
                f"`styleshift precompute` with `recipe={recipe.name}` replaces them; to keep both, use a new "
                "`workspace` there and here",
            )
        if not corpus.tracks:
            raise NothingToDoError(
                f"domain {corpus.domain} is empty",
                "add recordings to its folder and run styleshift precompute",
            )
        there = sum(track.frames for track in corpus.tracks)
        if there < recipe.data.crop_frames:
            rate = recipe.spectrogram.frame_rate
            raise CorpusError(
                f"{corpus.domain} has only {there / rate:.1f} s in all, but recipe {recipe.name} trains on "
                f"crops of {recipe.data.crop_frames / rate:.1f} s",
                f"use shorter crops: `data.crop_frames={max(16, there // 16 * 16)}`",
            )
    return corpora[0], corpora[1]


def _stored(place: Workspace) -> list[str]:
    folder = place.spectrograms
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def choose_domains(place: Workspace, domains: tuple[str, str] | None) -> tuple[str, str]:
    """X and Y: as given, or the two there are; raises UsageError where that is not clear."""
    if domains is None:
        there = _stored(place)
        if len(there) != 2:
            names = ", ".join(there) or "none"
            raise UsageError(
                f"name the two domains to train on; available: {names}",
                "`domains=A B`"
                if there
                else "first: styleshift precompute ./audio, with a sub-folder for each domain",
            )
        return there[0], there[1]
    if domains[0] == domains[1]:
        raise UsageError(f"both domains are {domains[0]!r}; training needs two different ones")
    return domains


Pair = tuple[Corpus, Corpus]

MOST_HELD_OUT = 0.2
"""Share of a domain's music that is held out at most, where `data.held_out` asks for less."""


def split_held_out(
    corpora: Pair, recipe: Recipe, reporter: Reporter | None = None
) -> tuple[Pair, Pair | None]:
    """What is trained on, and what is judged by and in no crop of it; None where nothing is held out."""
    if not (recipe.schedule.validation_seconds and recipe.data.held_out):
        return corpora, None
    say = reporter or Reporter()
    (x, held_x), (y, held_y) = (
        hold_out(corpus, _share(corpus, recipe), recipe.data.crop_frames) for corpus in corpora
    )
    if held_x is None or held_y is None:
        short = [corpus.domain for corpus, held in ((x, held_x), (y, held_y)) if held is None]
        say.warn(
            f"there is too little audio in {' and '.join(short)} to hold any out of training: the model is "
            "judged on recordings it was trained on, and may do worse on others"
        )
        return corpora, None
    for held in (held_x, held_y):
        say.detail(
            f"{held.domain}: {3600 * held.hours:.0f} s are held out of training, to judge by: "
            f"{', '.join(track.name for track in held.tracks)}"
        )
    return (x, y), (held_x, held_y)


def _share(corpus: Corpus, recipe: Recipe) -> float:
    """Of a domain's music that is held out: what the recipe says, or more for as much as is validated."""
    needed = recipe.schedule.validation_seconds / (3600 * corpus.hours)
    return max(recipe.data.held_out, min(MOST_HELD_OUT, needed))


def restore_split(
    corpora: Pair, recipe: Recipe, held: Mapping[str, Sequence[Mapping[str, Any]]] | None, reporter: Reporter
) -> tuple[Pair, Pair | None]:
    """As :func:`split_held_out` did it when the run began, so that nothing held out then is trained on now.

    Args:
        corpora: as they are now.
        recipe: of the run.
        held: what ``run.json`` says of each domain; empty where nothing was held out, None where it does not
            say, as in runs from before that was written down.
        reporter: is warned where judging changes.
    """
    if not (recipe.schedule.validation_seconds and recipe.data.held_out) or held == {}:
        return corpora, None
    if held is None:
        reporter.warn(
            "this run does not say which recordings it holds out, because an older version began it: from "
            "here on none are, and the model is judged on recordings it may have been trained on"
        )
        return corpora, None
    (x, held_x), (y, held_y) = (
        restore_held_out(corpus, held.get(corpus.domain, ()), recipe.data.crop_frames) for corpus in corpora
    )
    if held_x is None or held_y is None:
        gone = [corpus.domain for corpus, kept in ((x, held_x), (y, held_y)) if kept is None]
        reporter.warn(
            f"nothing that was held out of {' and '.join(gone)} can be used any more: the model is judged on "
            "recordings it is trained on"
        )
        # What is still there was never trained on, and stays so.
        return (x, y), None
    return (x, y), (held_x, held_y)


def make_samplers(
    corpora: tuple[Corpus, Corpus], recipe: Recipe, seed: int, reporter: Reporter | None = None
) -> list[CropSampler]:
    """A source of random crops for each domain, X first; ``reporter`` is told of recordings it joins."""
    frames = recipe.data.crop_frames
    samplers = [CropSampler(corpus, frames, seed=2 * seed + side) for side, corpus in enumerate(corpora)]
    for corpus, sampler in zip(corpora, samplers, strict=True):
        if sampler.joined and reporter:
            silence = ", with silence after them" if sampler.padded else ""
            reporter.info(
                f"{sampler.joined} of {len(corpus.tracks)} recordings of {corpus.domain} are shorter than a "
                f"crop ({frames / recipe.spectrogram.frame_rate:.1f} s): they are joined end to end{silence}"
            )
    return samplers


def choose_resident(
    samplers: list[CropSampler], state: TrainingState, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Whether the corpora are held on the device: what ``run.json`` keeps as ``resident``.

    Augmentation is computed where the crops are, and processors round differently, so a run that goes on
    keeps to its first choice, however much memory is free then.

    Args:
        samplers: of both corpora.
        state: its recipe asks, its device answers; all ranks take the same way.
        before: what this gave when the run began; on another kind of device it is chosen anew.

    Returns:
        ``device``, its kind, and ``used``.
    """
    wanted, kind = state.recipe.data.resident, state.device.type
    if before and before["device"] == kind:
        return dict(before)
    used = wanted == "yes" or (wanted == "auto" and fits(samplers, state.device))
    return {"device": kind, "used": not state.group.any(not used)}


def make_loader(
    corpora: Pair,
    samplers: list[CropSampler],
    state: TrainingState,
    seed: int,
    reporter: Reporter,
    on_device: bool,
) -> BatchLoader:
    """The batches that the recipe asks for; ``on_device`` where the corpora are to be held there."""
    source = make_source(corpora, samplers, state, seed, reporter, on_device)
    there = on_device and not isinstance(source, PairedCrops)  # whose crops are cut on the CPU
    augment = None
    if state.recipe.augmentations:
        augment = Augmentations(state.recipe, state.device if there else torch.device("cpu"))
    # Ranks share one sequence of crops, and each has its own augmentation of its part. Matched crops are
    # drawn with these numbers, so with them the augmentation is alike, too.
    warm = state.recipe.warm_start
    alike = state.group.rank == 0 or (warm.used and not warm.self_pairs)
    own = (seed,) if alike else (seed, state.group.rank)
    count = state.recipe.schedule.batch
    return BatchLoader(source, count, own, state.device, ahead=not there, augment=augment)


def make_source(
    corpora: Pair,
    samplers: list[CropSampler],
    state: TrainingState,
    seed: int,
    reporter: Reporter,
    on_device: bool = False,
) -> BatchSource:
    """Fresh crops, matched ones, or pairs of two recordings or of one."""
    recipe, shard = state.recipe, Shard(state.group.rank, state.group.world_size)
    if not recipe.warm_start.used:
        x, y = _resident(samplers, state.device, reporter) if on_device else samplers
        return RandomCrops(x, y, recipe, shard)
    if recipe.data.mute:
        reporter.warn(
            "data.mute does nothing here, since what a crop should become is known for sounding crops alone; "
            "to mute: `warm_start.share=0` `warm_start.weight=0`"
        )
    if recipe.warm_start.self_pairs:
        x, y = _resident(samplers, state.device, reporter) if on_device else samplers
        with reporter.phase("perturbing voices"):
            return SelfPairs(x, y, recipe, state.model, shard, device=state.device if on_device else "cpu")
    if recipe.warm_start.pairs:
        return PairedCrops(*corpora, recipe, state.model, seed, reporter, shard)
    # Random crops that hold twice what there is leave little out, and more would only take longer.
    seconds = 3600 * max(corpus.hours for corpus in corpora)
    enough = math.ceil(2 * seconds * recipe.spectrogram.frame_rate / recipe.data.crop_frames)
    most = max(8, enough)
    device = state.device if on_device else "cpu"
    again = on_device and recipe.warm_start.refresh  # a pool that is drawn once is not worth the copy
    x, y = _resident(samplers, state.device, reporter) if again else samplers
    return MatchedCrops(x, y, recipe, state.model, reporter, most, shard, device=device)


def _resident(samplers: list[CropSampler], device: torch.device, reporter: Reporter) -> list[Crops]:
    found: list[Crops] = []
    with reporter.phase("copying the corpora to the device", len(samplers), "domains") as task:
        for sampler in samplers:
            found.append(ResidentCrops(sampler, device))
            task.advance()
    return found


def make_validator(
    samplers: list[CropSampler],
    corpora: Pair,
    held: Pair | None,
    recipe: Recipe,
    reporter: Reporter,
    device: torch.device | str = "cpu",
) -> Validator | None:
    """The validator, where the recipe wants one: on what is held out, or else on what is trained on.

    Its classifiers learn on ``device``.
    """
    seconds = recipe.schedule.validation_seconds
    if not seconds:
        return None
    crop = recipe.data.crop_frames / recipe.spectrogram.frame_rate
    least = 3600 * min(corpus.hours for corpus in corpora)
    x, y = samplers
    return Validator(
        x,
        y,
        recipe.spectrogram,
        known=max(8, round(min(300.0, least) / crop)),  # five minutes a side, or what there is
        excerpts=max(1, round(seconds / crop)),
        content=recipe.schedule.content,
        held_out=make_samplers(held, recipe, 0) if held else None,
        reporter=reporter,
        device=device,
    )
