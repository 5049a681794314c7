"""What a checkpoint holds, and how a trained model comes out of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styleshift.errors import CheckpointError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.registry import load_registry
from styleshift.hooks.requirements import check_requirements
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.data import Statistics
from styleshift.training.directions import DIRECTIONS
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.find import CHECKPOINTS
from styleshift.training.model import CycleGAN
from styleshift.training.run_file import read_run
from styleshift.training.state import TrainingState
from styleshift.training.translator import Translator
from styleshift.voice.equaliser import SPOKEN
from styleshift.voice.phones import STATES
from styleshift.voice.pitch import cepstral_order


def pack(state: TrainingState) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Everything in ``state`` that a run needs to go on: tensors, and values fit for JSON.

    In a team every rank calls this, and the leader gets what each has of its own.
    """
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    scalars: dict[str, Any] = {}
    for owner, optimiser in _optimisers(state).items():
        for number, values in optimiser.state_dict()["state"].items():
            for name, value in values.items():
                key = f"{owner}.{number}.{name}"
                if isinstance(value, Tensor):
                    tensors[key] = value
                else:
                    scalars[key] = value
    replay = {f"replay.{side}": buffer.kept for side, buffer in state.replay.items()}
    own = {name: kept for name, kept in replay.items() if kept is not None and len(kept)}
    own["random.step"] = state.random.get_state()
    for rank, theirs in enumerate(state.group.gather(own)):
        tensors.update({_of_rank(rank) + name: value for name, value in theirs.items()})
    tensors["random.torch"] = torch.get_rng_state()
    for number in range(torch.cuda.device_count()):
        tensors[f"random.cuda.{number}"] = torch.cuda.get_rng_state(number)
    return (
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        {"step": state.step, "seconds": state.seconds, "warmed": state.warmed, "scalars": scalars},
    )


def unpack(state: TrainingState, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """The inverse of :func:`pack`, into a state that was begun with the same recipe.

    Raises:
        CheckpointError: the checkpoint belongs to other networks.
    """
    load_weights(state.model, tensors)
    for owner, optimiser in _optimisers(state).items():
        whole = optimiser.state_dict()
        found: dict[int, dict[str, Any]] = {}
        for source in (tensors, values["scalars"]):
            for key, value in source.items():
                if key.startswith(f"{owner}."):
                    _, number, name = key.split(".", 2)
                    found.setdefault(int(number), {})[name] = value
        optimiser.load_state_dict({"state": found, "param_groups": whole["param_groups"]})
        for weight, values_of_it in optimiser.state.items():  # as the weights lie in memory
            for name, value in values_of_it.items():
                if isinstance(value, Tensor) and value.shape == weight.shape:
                    values_of_it[name] = torch.empty_like(weight).copy_(value)
    mine = _of_rank(state.group.rank)
    for side, buffer in state.replay.items():
        kept = tensors.get(f"{mine}replay.{side}")
        buffer.load(None if kept is None else kept.to(state.device))
    if f"{mine}random.step" in tensors:  # else the team has grown, and a new rank goes on as it began
        state.random.set_state(tensors[f"{mine}random.step"])
    torch.set_rng_state(tensors["random.torch"])
    for number in range(torch.cuda.device_count()):
        if f"random.cuda.{number}" in tensors:
            torch.cuda.set_rng_state(tensors[f"random.cuda.{number}"], number)
    state.step, state.seconds = int(values["step"]), float(values["seconds"])
    # Older checkpoints do not say so, but the discriminators learn only after the warm start.
    moved = any(name.startswith("discriminator_optimiser.") for name in tensors)
    state.warmed = bool(values.get("warmed", moved))


def _of_rank(rank: int) -> str:
    return f"rank.{rank}." if rank else ""


def _optimisers(state: TrainingState) -> dict[str, torch.optim.Optimizer]:
    return {
        "generator_optimiser": state.generator_optimiser,
        "discriminator_optimiser": state.discriminator_optimiser,
    }


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Both generators of a run, ready to be used or exported.

    Attributes:
        recipe: the experiment.
        domains: names of X and Y.
        translators: ``x2y`` and ``y2x``, in evaluation mode and without gradients, with what is done in front
            of them.
        checkpoints: of each direction, the ``step`` and the ``seconds`` of training that it comes from.
        time_multiple: frames must be a multiple of it.
        provenance: versions, seed, corpora.
        requires: plugin packages the generator comes from, ``{"package", "version"}`` each.
    """

    recipe: Recipe
    domains: tuple[str, str]
    translators: dict[str, Translator]
    checkpoints: dict[str, dict[str, Any]]
    time_multiple: int
    provenance: dict[str, Any]
    requires: list[dict[str, str]]

    @property
    def spectrogram(self) -> SpectrogramConfig:
        """Front-end settings."""
        return self.recipe.spectrogram

    @property
    def window_frames(self) -> int:
        """Frames of a training crop; conversion works in windows of so many."""
        return self.recipe.data.crop_frames

    @property
    def generators(self) -> dict[str, Translator]:
        """``x2y`` and ``y2x`` behind what is done in front of them, of the same tensors.

        Plain log magnitudes ``[batch, 1, bins, frames]`` float32 at the reference level to the same.
        """
        return {direction: whole.without_front() for direction, whole in self.translators.items()}


def load_trained(run_dir: Path, which: str | int = "best", reporter: Reporter | None = None) -> TrainedModel:
    """The generators of a run.

    Args:
        run_dir: ``runs/<name>``.
        which: ``best`` (of each direction the one with the highest score, so they may come from two
            steps; the last where none was validated), ``last``, or a step. Steps (the last by its name, too)
            joined by ``+`` make the mean of their weights (stochastic weight averaging, Izmailov et al.
            2018), told by the latest of them.
        reporter: is warned where a plugin is there in another version.

    Raises:
        CheckpointError: no such run or checkpoint, or one that is damaged.
        PluginError: the generator's plugin is not installed; the message names it.
    """
    run = read_run(run_dir)
    for sentence in check_requirements(run["requires"], f"run {run_dir.name}", load_registry()):
        (reporter or Reporter()).warn(sentence)
    recipe = Recipe.from_dict(run["recipe"], where=f"the recipe of {run_dir.name}")
    entry = load_registry().generators.entry(recipe.generator.name)
    files = _choose(CheckpointFolder(run_dir / CHECKPOINTS), which)
    translators: dict[str, Translator] = {}
    checkpoints: dict[str, dict[str, Any]] = {}
    for paths in sorted(set(files.values())):  # each file is read once
        tensors, values = _read_mean(paths)
        model = CycleGAN(recipe, *blank_statistics(recipe))
        load_weights(model, tensors)
        model.eval().requires_grad_(False)
        for direction in DIRECTIONS:
            if files[direction] == paths:
                translators[direction] = model.translator(direction, averaged=True)
                checkpoints[direction] = values
    return TrainedModel(
        recipe=recipe,
        domains=(run["domains"][0], run["domains"][1]),
        translators=translators,
        checkpoints=checkpoints,
        time_multiple=entry.spec.time_multiple,
        provenance=run["provenance"],
        requires=run["requires"],
    )


def _choose(folder: CheckpointFolder, which: str | int) -> dict[str, tuple[Path, ...]]:
    """The files of each direction, the latest last; of several the mean is meant."""
    if which == "best":
        return {direction: (folder.best(direction),) for direction in DIRECTIONS}
    paths = set()
    for text in str(which).split("+"):
        if text != "last" and not (text.isdecimal() and int(text) in folder.steps()):
            there = ", ".join(str(step) for step in folder.steps()) or "none"
            raise CheckpointError(
                f"there is no checkpoint {text!r} in {folder.path}", f"best, last, or: {there}"
            )
        paths.add(folder.last() if text == "last" else folder.file(int(text)))
    return dict.fromkeys(DIRECTIONS, tuple(sorted(paths)))


def _read_mean(paths: tuple[Path, ...]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The mean of the models of some checkpoints, and the ``step`` and ``seconds`` of the last of them."""
    tensors, values = read(paths[-1], only="model.")
    about = {"step": int(values["step"]), "seconds": values["seconds"]}
    if len(paths) > 1:
        found = [read(path, only="model.") for path in paths[:-1]]
        about["mean_of"] = [*(int(values["step"]) for _, values in found), about["step"]]
        for name, last in tensors.items():
            every = [last, *(others[name] for others, _ in found)]
            tensors[name] = torch.stack(every).double().mean(dim=0).to(last.dtype)
    return tensors, about


def blank_statistics(recipe: Recipe) -> tuple[Statistics, Statistics]:
    """Statistics to build networks with whose scales a checkpoint then fills in."""
    zeros = torch.zeros(recipe.spectrogram.bins)
    ways = torch.zeros(recipe.spectrogram.bins, STATES) if recipe.phones.by else None
    means = torch.zeros(SPOKEN, cepstral_order(recipe.spectrogram)), torch.zeros(SPOKEN)
    spoken = means if recipe.phones.equalised else None
    blank = Statistics(zeros, 1.0, 1.0, 1.0, voice_hz=1.0, moved=zeros, ways=ways, spoken=spoken)
    return blank, blank


def load_weights(model: CycleGAN, tensors: dict[str, Tensor]) -> None:
    """Fill ``model`` from a checkpoint's ``model.*`` tensors.

    Raises:
        CheckpointError: they belong to other networks.
    """
    weights = {name[6:]: value for name, value in tensors.items() if name.startswith("model.")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"the checkpoint belongs to other networks: {str(error).splitlines()[-1].strip()}",
            "use the version and the plugins that it was made with",
        ) from error
