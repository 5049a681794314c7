"""How many of PyTorch's threads train on a CPU."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import replace

import torch

from styleshift.hooks.registry import load_registry
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.checkpoint import blank_statistics
from styleshift.training.model import CycleGAN
from styleshift.training.state import TrainingState

# More threads are taken where they save at least so much: they leave less of the machine to others.
WORTH = 0.1
ROUNDS = 3
MOST_BESIDE_GPU = 4
# Crops of a trial are no longer, so that it takes seconds for the largest networks too.
FRAMES = 256


def use_threads(recipe: Recipe, device: torch.device | None = None) -> None:
    """Those that the recipe names, if it does; else a few where a GPU trains, and the CPU only draws crops.

    Several trainings on one machine, each with as many threads as there are processors, wait for each other.
    """
    if recipe.schedule.threads:
        torch.set_num_threads(recipe.schedule.threads)
    elif device is not None and device.type == "cuda":
        torch.set_num_threads(min(torch.get_num_threads(), MOST_BESIDE_GPU))


def choose_threads(recipe: Recipe, reporter: Reporter) -> Recipe:
    """Use as many threads as this recipe's own generator is trained fastest with, here and now.

    Small networks do not gain from many threads, and on a machine that is busy with other work threads that
    wait for each other lose: with two on two busy cores a step of the recipe ``small`` takes four times as
    long as with one (oneDNN adds up the gradients of weights so). A trial of one generator tells.

    Args:
        recipe: with ``schedule.threads`` 0, else those are used without a trial.
        reporter: is told of fewer threads than there are.

    Returns:
        The recipe with the number that is used from now on, so that a run that goes on keeps to it. Where
        ``OMP_NUM_THREADS`` says how many, that many.
    """
    use_threads(recipe)
    most = torch.get_num_threads()
    if recipe.schedule.threads:
        return recipe
    chosen = most
    if most > 1 and "OMP_NUM_THREADS" not in os.environ:
        with reporter.phase("trying numbers of threads"):
            chosen = fewest(_trial(recipe, candidates(most)))
        torch.set_num_threads(chosen)
        if chosen < most:
            reporter.info(f"{chosen} of {most} threads: more are not faster here now (see schedule.threads)")
    return replace(recipe, schedule=replace(recipe.schedule, threads=chosen))


def candidates(most: int) -> list[int]:
    """Powers of two below ``most``, and that."""
    return [count for count in (1 << power for power in range(most.bit_length())) if count < most] + [most]


def fewest(seconds: dict[int, float]) -> int:
    """Of the numbers of threads tried, the smallest that is nearly as fast as the fastest."""
    best = min(seconds.values())
    return min(count for count, took in seconds.items() if took * (1 - WORTH) <= best)


def _trial(recipe: Recipe, counts: list[int]) -> dict[int, float]:
    """Seconds by number of threads: medians of rounds in turn, so that a neighbour disturbs all alike."""
    with torch.random.fork_rng(devices=[]):  # the run's own numbers do not depend on a trial
        state = TrainingState(recipe, CycleGAN(recipe, *blank_statistics(recipe)), 0)
    multiple = load_registry().generators.get(recipe.generator.name).time_multiple
    frames = min(recipe.data.crop_frames, max(4 * multiple, FRAMES // multiple * multiple))
    shape = (recipe.schedule.batch, 1, recipe.spectrogram.bins, frames)
    crops = torch.randn(shape, generator=torch.Generator().manual_seed(0))

    def seconds(count: int) -> float:
        torch.set_num_threads(count)
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=state.half):
            converted = state.model.translator("x2y").translate(crops)
        converted.square().mean().backward()  # type: ignore[no-untyped-call]
        return time.perf_counter() - began

    seconds(counts[-1])  # the first also makes what later ones use again
    rounds = [{count: seconds(count) for count in counts} for _ in range(ROUNDS)]
    return {count: statistics.median(took[count] for took in rounds) for count in counts}
