"""What a GPU makes of styleshift, in one command of at most six minutes: a table, and one JSON file.

    python benchmarks/gpu.py                         on the first GPU; writes gpu.json
    python benchmarks/gpu.py --large large.onnx      the large model of the conversions; see below
    python benchmarks/gpu.py --device cpu --seconds-per-case 2      a trial of the command, with tiny networks

- training of `small`, `music` and `seed`, without matched frames and judging: captured steps, the same one
  kernel at a time, a plain loop (float32), and a plain loop with bfloat16 autocast and channels last. Steps
  a second, what the captured ones are of the others, and of the matrix peak: the operations of a step,
  counted by PyTorch, at the rate of a product of two large matrices in the same precision, measured here;
- preparation: seconds from 22 minutes of audio to the first step of `small`, phase by phase;
- resume: whether a training that is killed and resumed ends with the bits of one that is not;
- conversion of a folder by the command: a small and a large model, on the GPU and on all processors; what
  the command takes for half a second of music, which is its start; and how far the results are apart.

It needs no network and none of the packages of our tests. The large model is an untrained one of the recipe
`music`. Where there is no file of the name `--large`, it is made, for which onnxscript is needed; where the
machine with the GPU lacks that, make it before, elsewhere, with `--cases none --large large.onnx`.
What is cut off by the limit, or fails, says so in its row; the rest is measured.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command `styleshift train` does, for all

import itertools

import numpy as np
import soundfile
import torch
from gpu_conversion import conversion, untrained_model
from torch.utils.flop_counter import FlopCounterMode
from train import PlainLoop, make_corpora, matrix_rate

from styleshift.corpus import CropSampler, precompute
from styleshift.networks.kernels import gpu_problem
from styleshift.progress import Reporter
from styleshift.recipes import Recipe, load_recipe
from styleshift.system.environment import processors
from styleshift.training.data import measure
from styleshift.training.device import choose_device, use_tf32
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.graph import CapturedSteps, choose_steps
from styleshift.training.model import CycleGAN
from styleshift.training.sources import (
    choose_resident,
    make_loader,
    make_samplers,
    make_validator,
    open_corpora,
    split_held_out,
)
from styleshift.training.step import TrainingState, take_step, train_step
from styleshift.workspace import Workspace, shipped_models

PLAIN = ("warm_start.share=0", "warm_start.weight=0", "schedule.validation_seconds=0")
SHORT = ("data.crop_frames=64", "schedule.batch=1")
TINY = {
    "small": (*SHORT, "generator.channels=2", "discriminator.channels=2"),
    "music": (
        *SHORT,
        "generator.channels=2",
        "generator.blocks=1",
        "generator.detail=4",
        "discriminator.channels=2",
    ),
    "seed": (*SHORT, "generator.channels=2", "generator.blocks=1", "discriminator.channels=2"),
}
CASES = ("training", "preparation", "resume", "conversion")


class Bench:
    """What is measured, and what is left of the time for it.

    Args:
        device: that trains and converts.
        seconds: for each of the loops and conversions.
        limit: seconds for everything.
        folder: for files.
    """

    def __init__(self, device: torch.device, seconds: float, limit: float, folder: Path) -> None:
        self.device, self.seconds, self.folder = device, seconds, folder
        self.tiny = device.type == "cpu"
        self.end = time.monotonic() + limit
        self.rows: list[dict[str, Any]] = []

    def row(self, case: str, name: str, work: Callable[[], dict[str, Any]]) -> None:
        """Measure one thing; whatever goes wrong with it is written down in its place."""
        began = time.monotonic()
        try:
            found = work() if began < self.end else {"error": "no time was left"}
        except Exception as error:  # the next ones are to be measured all the same
            found = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        row = {"case": case, "name": name, **found, "took": round(time.monotonic() - began, 1)}
        self.rows.append(row)
        print(line(row), flush=True)

    def recipe(self, name: str, *settings: str) -> Recipe:
        """A recipe, tiny where this is a trial."""
        return load_recipe(name, [*(TINY[name] if self.tiny else ()), *settings])

    def rate(self, step: Callable[[], object]) -> float:
        """Steps a second, after some that do not count."""
        for _ in range(2 if self.tiny else 8):  # three of them before a step is captured
            step()
        self.wait()
        began, steps = time.perf_counter(), 0
        while (taken := time.perf_counter() - began) < self.seconds or not steps:
            for _ in range(1 if self.tiny else 5):
                step()
                steps += 1
            self.wait()
        return steps / taken if taken else 0.0

    def wait(self) -> None:
        """For all that the device was given to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    rest = ", ".join(f"{key} {value}" for key, value in row.items() if key not in ("case", "name"))
    return f"{row['case']:<12} {row['name']:<28} {rest}"


def training(bench: Bench, name: str, *settings: str) -> dict[str, Any]:
    """Steps a second of one recipe, ours and the plain ones."""
    recipe = bench.recipe(name, *PLAIN, *settings)
    use_tf32(recipe)
    corpora = make_corpora(Path(tempfile.mkdtemp(dir=bench.folder)), recipe)
    x, y = (CropSampler(corpus, recipe.data.crop_frames, seed=side) for side, corpus in enumerate(corpora))
    model = CycleGAN(recipe, measure(x, 32), measure(y, 32)).to(bench.device)
    plain, strong = (copy.deepcopy(model) for _ in range(2))
    state = TrainingState.begin(recipe, model, 0)
    loader = make_loader(
        (corpora[0], corpora[1]), [x, y], state, 0, Reporter(), choose_resident([x, y], state)["used"]
    )
    captured = choose_steps(state, Told())
    found: dict[str, Any] = {"bfloat16": state.half, "batch": recipe.schedule.batch}
    try:
        with FlopCounterMode(display=False) as counter:
            train_step(state, next(loader))
        waited, began = loader.waited, time.perf_counter()
        ours = bench.rate(lambda: train_step(state, next(loader), captured))
        found["steps_per_second"] = round(ours, 2)
        found["data_wait"] = round((loader.waited - waited) / (time.perf_counter() - began), 4)
        if isinstance(captured, CapturedSteps):
            found["captured"] = captured.captured is not None
        eager = bench.rate(lambda: train_step(state, next(loader), take_step))
        found["without_graph"] = round(eager, 2)
    finally:
        loader.close()
    peak = matrix_rate(bench.device, torch.bfloat16 if state.half else torch.float32)
    found["share_of_peak"] = round(counter.get_total_flops() * ours / peak, 4)
    if bench.device.type == "cuda":
        found["memory_gb"] = round(torch.cuda.max_memory_reserved() / 1e9, 1)
    for kind, networks, fast in (("plain", plain, False), ("strong", strong, True)):
        theirs = bench.rate(PlainLoop(recipe, networks, corpora, bench.device, fast).step)
        found[f"{kind}_steps_per_second"] = round(theirs, 2)
        found[f"ratio_to_{kind}"] = round(ours / theirs, 2)
    return found


class Told(Reporter):
    """Prints what is told of the capture."""

    def warn(self, message: str) -> None:
        print(f"  {message}", flush=True)


def preparation(bench: Bench) -> dict[str, Any]:
    """Seconds from recordings to the first step of `small`, phase by phase."""
    recipe = bench.recipe("small")
    minutes = 1 if bench.tiny else 11
    audio, place = bench.folder / "audio", Workspace(bench.folder / "prepared")
    write_notes(audio, minutes)
    marks = [("", time.monotonic())]

    def mark(phase: str) -> None:
        marks.append((phase, time.monotonic()))

    precompute(audio, place, recipe.spectrogram)
    mark("precompute")
    corpora = open_corpora(place, ("x", "y"), recipe)
    heard, held = split_held_out(corpora, recipe)
    samplers = make_samplers(heard, recipe, 0)
    x, y = (measure(sampler) for sampler in samplers)
    mark("statistics")
    state = TrainingState.begin(recipe, CycleGAN(recipe, x, y).to(bench.device), 0)
    mark("networks")
    make_validator(samplers, heard, held, recipe, Reporter(), bench.device)
    mark("judges")
    on_device = choose_resident(samplers, state)["used"]
    loader = make_loader(heard, samplers, state, 0, Reporter(), on_device)
    mark("matching")
    train_step(state, next(loader))
    bench.wait()
    mark("first step")
    loader.close()
    phases = {
        f"{name.replace(' ', '_')}_s": round(end - start, 2)
        for (_, start), (name, end) in itertools.pairwise(marks)
    }
    return {"minutes": 2 * minutes, "seconds": round(marks[-1][1] - marks[0][1], 2), **phases}


def write_notes(audio: Path, minutes: int) -> None:
    """Two domains of decaying notes, a recording a minute."""
    random, clock = np.random.default_rng(0), np.arange(22050) / 22050
    for domain, base in (("x", 220.0), ("y", 330.0)):
        (audio / domain).mkdir(parents=True)
        for number in range(minutes):
            pitches = base * 2 ** (random.integers(-12, 13, 60) / 12)
            notes = [0.2 * np.sin(2 * np.pi * pitch * clock) * np.exp(-3 * clock) for pitch in pitches]
            wave = np.concatenate(notes) + 0.01 * random.standard_normal(60 * 22050)
            soundfile.write(audio / domain / f"{number}.wav", wave, 22050)


def resume(bench: Bench) -> dict[str, Any]:
    """Whether a run that is killed twice ends with the bits of one that is not."""
    place = bench.folder / "killed"
    recipe = bench.recipe("small")
    audio = bench.folder / "short"
    write_notes(audio, 1)
    precompute(audio, Workspace(place), recipe.spectrogram)
    steps = 12 if bench.tiny else 60
    every = steps // 6
    settings = [*(TINY["small"] if bench.tiny else ()), f"schedule.steps={steps}", "warm_start.share=0.3"]
    settings += [f"schedule.save_every={every}", "schedule.validation_seconds=0", "warm_start.crops=16"]
    start = ["--domains", "x", "y", *(word for setting in settings for word in ("--set", setting))]
    run_command(bench, place, "train", *start, "--name", "whole")
    process = begin_command(bench, place, "train", *start, "--name", "parts")
    folder = CheckpointFolder(place / "runs" / "parts" / "checkpoints")
    for saved in (every, 4 * every):  # in the warm start, and after it
        while process.poll() is None and (folder.steps() or [-1])[-1] < saved:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (folder.steps() or [-1])[-1] < steps:
            process = begin_command(bench, place, "train", "--resume", "--name", "parts")
    if process.wait() not in (0, 10):
        raise RuntimeError("the last sitting failed")
    whole, parts = (
        read(CheckpointFolder(place / "runs" / name / "checkpoints").last())[0] for name in ("whole", "parts")
    )
    differ = [name for name in whole if not torch.equal(whole[name], parts[name])]
    return {"steps": steps, "same_bits": not differ, "tensors_that_differ": len(differ)}


def begin_command(bench: Bench, place: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start ``styleshift`` on the device that is measured."""
    command = [sys.executable, "-m", "styleshift", words[0], "-q", "--device", str(bench.device), *words[1:]]
    environment = {**os.environ, "STYLESHIFT_WORKSPACE": str(place)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def run_command(bench: Bench, place: Path, *words: str) -> None:
    """The same, to its end."""
    if code := begin_command(bench, place, *words).wait():
        raise RuntimeError(f"styleshift {words[0]} ended with {code}")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds-per-case", type=float, default=5.0)
    parser.add_argument("--limit", type=float, default=330.0, help="seconds after which nothing new is begun")
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=[*CASES, "none"])
    parser.add_argument("--large", type=Path, help="model file for the conversions; made if there is none")
    parser.add_argument("--output", type=Path, default=Path("gpu.json"))
    options = parser.parse_args()
    device = choose_device(options.device)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(device, options.seconds_per_case, options.limit, Path(name))
        large = options.large or bench.folder / "large.onnx"
        facts = {
            "device": torch.cuda.get_device_name()
            if device.type == "cuda"
            else platform.processor() or "cpu",
            "processors": processors(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "kernels": (gpu_problem() or "fused") if device.type == "cuda" else "",
        }
        print(", ".join(f"{key} {value}" for key, value in facts.items()), flush=True)
        if "training" in options.cases:
            for recipe in ("small", "music", "seed"):
                bench.row("training", recipe, lambda recipe=recipe: training(bench, recipe))
            for batch in (1, 8):
                half = ("schedule.precision=bfloat16", f"schedule.batch={batch}")
                bench.row(
                    "training",
                    f"seed, bfloat16, batch {batch}",
                    lambda half=half: training(bench, "seed", *half),
                )
        if "preparation" in options.cases:
            bench.row("preparation", "small", lambda: preparation(bench))
        if "resume" in options.cases:
            bench.row("resume", "small, killed twice", lambda: resume(bench))
        if "conversion" in options.cases:
            models = {
                "small": lambda: shipped_models() / "violin-to-piano.onnx",
                "large": lambda: untrained_model(large, bench.recipe("music")),
            }
            music = 4 if bench.tiny else int(360 * bench.seconds)
            for kind, model in models.items():
                bench.row(
                    "conversion",
                    kind,
                    lambda kind=kind, model=model: conversion(bench.folder, device, music, kind, model()),
                )
        elif options.large:
            untrained_model(large, bench.recipe("music"))
    options.output.write_text(json.dumps({**facts, "rows": bench.rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
