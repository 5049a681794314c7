"""A run from its first step or its last checkpoint to its end, in ``runs/<name>/`` of the workspace."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from styleshift.corpus import CropSampler
from styleshift.errors import NothingToDoError
from styleshift.hooks.registry import load_registry
from styleshift.hooks.requirements import check_requirements
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.system.environment import processors
from styleshift.training.checkpoint import blank_statistics, unpack
from styleshift.training.data import Statistics, measure
from styleshift.training.device import (
    choose_device,
    describe_device,
    enough_memory,
    settle_arithmetic,
    tell_kernels,
)
from styleshift.training.distributed import local_device, process_group
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.find import CHECKPOINTS, begun_after, find_run, forget_begun, free_name
from styleshift.training.folder import begun, check_writable, locked, new_folder
from styleshift.training.fronts import with_fronts
from styleshift.training.held_out import held_out_segments
from styleshift.training.loader import BatchLoader
from styleshift.training.model import CycleGAN
from styleshift.training.preparing import preparing
from styleshift.training.run_file import read_run, run_provenance, run_requirements
from styleshift.training.sources import (
    Pair,
    choose_domains,
    choose_resident,
    make_loader,
    make_samplers,
    make_validator,
    open_corpora,
    restore_split,
    split_held_out,
)
from styleshift.training.state import TrainingState
from styleshift.training.threads import choose_threads, use_threads
from styleshift.training.trackers import ChosenTracker, Trackers, check_trackers, resumed_trackers
from styleshift.training.trainer import RunResult, Trainer
from styleshift.training.validator import Validator, require_content
from styleshift.training.voices import voices_hint
from styleshift.workspace import Workspace


def start_run(
    place: Workspace,
    domains: tuple[str, str] | None,
    recipe: Recipe,
    *,
    name: str | None = None,
    seed: int = 0,
    device: str = "auto",
    trackers: Sequence[str] = (),
    tracker_options: Mapping[str, Mapping[str, Any]] | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Start a training run.

    Args:
        place: the workspace; its spectrograms are read, ``runs/<name>`` is made.
        domains: X and Y; None takes the two in the workspace, if there are two.
        recipe: the experiment.
        name: of the run; None makes one from the names of the domains.
        seed: of the random number generators.
        device: as :func:`styleshift.training.device.choose_device` takes it.
        trackers: names of trackers to log the run to.
        tracker_options: by name of the tracker, then by key, as text or plain values.
        reporter: receives progress and warnings.

    Raises:
        NothingToDoError: a domain is missing or empty.
        CorpusError: a domain was made with other front-end settings, or is shorter than one crop.
        UsageError: a run of that name exists, or its folder cannot be written to.
        ConfigError, PluginError: the recipe asks for something that does not exist, or for more memory than
            the GPU has.
        TrainingError: a loss became infinite or NaN.
        Interrupted: a signal came; everything is saved.
        CheckpointError: the last step cannot be saved, as on a full disk.
        LockedError: another process is working on this run.
    """
    options = dict(tracker_options or {})
    shown = check_trackers(trackers, options)  # before the work
    requires = run_requirements(recipe)
    require_content(recipe)
    pair = choose_domains(place, domains)
    processor = local_device(choose_device(device))
    corpora = open_corpora(place, pair, recipe)
    with ExitStack() as stack:
        ranks = stack.enter_context(process_group(processor, reporter))
        reporter = (reporter if ranks.is_main else None) or Reporter()
        if ranks.is_main:
            free_name(place, pair, name)  # before the work
            check_writable(place)
            stack.enter_context(begun(place, pair, name))
        with enough_memory(recipe), preparing(reporter, "nothing was saved") as told:
            if ranks.is_main and (hint := voices_hint(corpora, recipe)):
                told.info(hint)
            if processor.type == "cpu" and ranks.world_size == 1:
                recipe = choose_threads(recipe, told)
            _settle(recipe, processor, told)
            torch.manual_seed(seed)
            heard, held = split_held_out(corpora, recipe, told)
            samplers = make_samplers(heard, recipe, seed, told)
            x, y = with_fronts(_measure(samplers, told), (samplers[0], samplers[1]), recipe, pair, told)
            model = CycleGAN(recipe, x, y).to(processor)
            ranks.broadcast_weights(model)
            state = TrainingState(recipe, model, seed, ranks)
            where = describe_device(processor, ranks.world_size)
            told.info(f"{pair[0]} <-> {pair[1]}, recipe {recipe.name}, on {where}")
            validator, resident, loader = _feed(state, samplers, heard, held, seed, told)
            # Only now, after minutes in which a person may think better of it, is there a folder.
            folder = stack.enter_context(new_folder(place, pair, name)) if ranks.is_main else Path()
            folder = ranks.broadcast(folder)
            told.info(f"run {folder.name}")
            reporter.follow("run", name=folder.name)
            run = {
                "name": folder.name,
                "domains": list(pair),
                "recipe": recipe.to_dict(),
                "seed": seed,
                "provenance": run_provenance(corpora, where, seed),
                "requires": requires,
                "trackers": list(trackers),
                "tracker_options": options,
                "resident": resident,
                "held_out": {corpus.domain: held_out_segments(corpus) for corpus in held or ()},
            }
            tracked = Trackers(shown if ranks.is_main else (), folder, run, reporter)
            stack.callback(tracked.close)
            trainer = Trainer(folder, run, state, loader, validator, reporter, tracked)
            trainer.setup(told)
        if ranks.is_main:
            forget_begun(place)
        return trainer.fit()


def resume_run(
    place: Workspace,
    name: str | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    device: str = "auto",
    trackers: Sequence[str] | None = None,
    tracker_options: Mapping[str, Mapping[str, Any]] | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Continue a run from its last checkpoint.

    Args:
        place: the workspace.
        name: of the run; None takes the most recent one.
        steps: new end of the whole run; None leaves it.
        minutes: new time budget of the whole run; None leaves it.
        device: as in :func:`start_run`.
        trackers: as in :func:`start_run`; None leaves them, and goes on without those that are missing now.
        tracker_options: as in :func:`start_run`; None leaves them, where ``trackers`` are left.
        reporter: receives progress and warnings.

    Raises:
        CheckpointError: the last checkpoint is damaged, or the last step cannot be saved.
        PluginError: the generator's plugin is not installed; the message names it.
        NothingToDoError: there is no such run, or it is at its end.
        CorpusError: the corpora changed their settings.
        Interrupted: a signal came; everything is saved.
        TrainingError: a loss became infinite or NaN.
        LockedError: another process is working on this run.
    """
    processor = local_device(choose_device(device))
    with ExitStack() as stack:
        ranks = stack.enter_context(process_group(processor, reporter))
        reporter = (reporter if ranks.is_main else None) or Reporter()
        # Only the leader needs to see the folder; the others, perhaps on other machines, hear what is in it.
        folder, run, shown = Path(), dict[str, Any](), list[ChosenTracker]()
        if ranks.is_main:
            folder, run = _find_begun(place, name, reporter)
            shown = resumed_trackers(run, trackers, tracker_options, reporter)
        folder, run = ranks.broadcast((folder, run))
        recipe = Recipe.from_dict(run["recipe"], where=f"the recipe of {folder.name}")
        if steps is not None or minutes is not None:
            schedule = replace(recipe.schedule, steps=steps or 0, minutes=minutes or 0.0)
            recipe = replace(recipe, schedule=schedule)
        _settle(recipe, processor, reporter)
        x, y = run["domains"]
        corpora = open_corpora(place, (x, y), recipe)
        _warn_of_changes(run, recipe, processor, corpora, reporter)
        if ranks.is_main:
            stack.enter_context(locked(folder))
        with enough_memory(recipe), preparing(reporter, f"run {folder.name} is as it was") as told:
            with told.phase("reading the checkpoint"):
                saved = read(CheckpointFolder(folder / CHECKPOINTS).last()) if ranks.is_main else ({}, {})
                tensors, values = ranks.broadcast(saved)
            heard, held = restore_split(corpora, recipe, run.get("held_out"), told)
            samplers = make_samplers(heard, recipe, run["seed"], told)
            model = CycleGAN(recipe, *blank_statistics(recipe)).to(processor)
            state = TrainingState(recipe, model, run["seed"], ranks)
            unpack(state, tensors, values)
            if state.progress >= 1:
                raise _at_its_end(folder.name, state)
            where = describe_device(processor, ranks.world_size)
            told.info(f"run {folder.name}, {x} <-> {y}, continues from step {state.step}, on {where}")
            before = run.get("resident")
            validator, resident, loader = _feed(state, samplers, heard, held, run["seed"], told, before)
            loader.load_state_dict(values["source"])
            run |= {"recipe": recipe.to_dict(), "resident": resident}
            run.setdefault("held_out", {})  # an older run is told once that nothing is kept from training
            tracked = Trackers(shown, folder, run, reporter)
            stack.callback(tracked.close)
            stopping = values.get("early_stopping")
            trainer = Trainer(folder, run, state, loader, validator, reporter, tracked, stopping)
            trainer.setup(told)
        return trainer.fit()


def _find_begun(place: Workspace, name: str | None, reporter: Reporter) -> tuple[Path, dict[str, Any]]:
    """The folder of a run that is to go on, and what it says of itself."""
    folder = find_run(place, name)
    if name is None and (later := begun_after(place, folder)):
        reporter.warn(later)
    run = read_run(folder)
    reporter.info(f"continuing run {folder.name}")
    reporter.follow("run", name=folder.name)
    for sentence in check_requirements(run["requires"], f"run {folder.name}", load_registry()):
        reporter.warn(sentence)
    return folder, run


def _warn_of_changes(
    run: Mapping[str, Any], recipe: Recipe, processor: torch.device, corpora: Pair, reporter: Reporter
) -> None:
    """What is otherwise here and now than it was when a run began."""
    threads = recipe.schedule.threads
    if processor.type == "cpu" and threads > processors():
        reporter.warn(
            f"this run trains with {threads} threads (schedule.threads), more than the {processors()} "
            "processors here; this will be slow"
        )
    for corpus in corpora:
        if corpus.digest != run["provenance"]["corpora"][corpus.domain]["digest"]:
            reporter.warn(f"the recordings of {corpus.domain} have changed since this run began")


def _measure(samplers: Sequence[CropSampler], reporter: Reporter) -> tuple[Statistics, Statistics]:
    found = []
    with reporter.phase("reading the corpus", len(samplers), "domains") as task:
        for sampler in samplers:
            found.append(measure(sampler))
            task.advance()
    return found[0], found[1]


def _feed(
    state: TrainingState,
    samplers: list[CropSampler],
    heard: Pair,
    held: Pair | None,
    seed: int,
    reporter: Reporter,
    before: Mapping[str, Any] | None = None,
) -> tuple[Validator | None, dict[str, Any], BatchLoader]:
    """The validator, which the main process alone has; where the corpora are held; and the batches."""
    validator = None
    if state.group.is_main:
        validator = make_validator(samplers, heard, held, state.recipe, reporter, state.device)
    resident = choose_resident(samplers, state, before)
    return validator, resident, make_loader(heard, samplers, state, seed, reporter, resident["used"])


def _settle(recipe: Recipe, processor: torch.device, reporter: Reporter) -> None:
    """How this process computes, before it does."""
    use_threads(recipe, processor)
    settle_arithmetic(recipe)
    tell_kernels(processor, reporter)


def _at_its_end(name: str, state: TrainingState) -> NothingToDoError:
    done, more = f"step {state.step}", f"`steps={2 * state.step}`"
    if not state.recipe.schedule.steps:
        trained = state.seconds / 60
        done = f"{trained:.2g} minutes from its first step (step {state.step})"
        more = f"`minutes={max(1, round(2 * trained))}`"
    longer = f"`styleshift train` `resume` `name={shlex.quote(name)}` {more}"
    return NothingToDoError(f"run {name} is at its end, {done}", f"train it longer: {longer}")
