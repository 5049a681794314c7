"""The trainings of gpu.py: speed, `torch.compile`, preparation, several side by side, and resuming."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import os
import platform
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import soundfile
import torch
from gpu_bench import TINY, Bench, Row
from torch.utils.flop_counter import FlopCounterMode
from train import PlainLoop, make_audio, matrix_rate

from styleshift.corpus import Corpus, CropSampler
from styleshift.networks.kernels import gpu_problem
from styleshift.recipes import Recipe
from styleshift.system.environment import processors
from styleshift.training.data import measure
from styleshift.training.device import compile_networks, settle_arithmetic
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
from styleshift.training.state import TrainingState
from styleshift.training.step import take_step, train_step
from styleshift.workspace import Workspace

PLAIN = ("warm_start.share=0", "warm_start.weight=0", "schedule.validation_seconds=0")


def machine(bench: Bench, found: Row) -> None:
    """What is measured on."""
    cuda = bench.device.type == "cuda"
    found["device"] = torch.cuda.get_device_name(bench.device) if cuda else platform.processor() or "cpu"
    found["processors"] = processors()
    found["torch"], found["cuda"] = torch.__version__, torch.version.cuda
    began = time.perf_counter()
    found["kernels"] = (gpu_problem() or "fused") if cuda else ""
    found["first_kernel_s"] = round(time.perf_counter() - began, 2)


def training(bench: Bench, found: Row, name: str, *settings: str) -> None:
    """Steps a second of one recipe, ours and the plain ones; ours alone where it is compiled."""
    recipe = bench.recipe(name, *PLAIN, *settings)
    settle_arithmetic(recipe)
    corpora = stored(bench, recipe)
    samplers = [
        CropSampler(corpus, recipe.data.crop_frames, seed=side) for side, corpus in enumerate(corpora)
    ]
    model = CycleGAN(recipe, *(measure(sampler, 32) for sampler in samplers)).to(bench.device)
    plain, strong = (copy.deepcopy(model) for _ in range(2))
    ours = our_steps(bench, found, recipe, model, samplers, (corpora[0], corpora[1]))
    if recipe.schedule.compile:
        return
    torch.backends.cudnn.deterministic = False  # as PyTorch is by itself
    for kind, networks, fast in (("plain", plain, False), ("strong", strong, True)):
        theirs = bench.rate(PlainLoop(recipe, networks, corpora, bench.device, fast).step)
        found[f"{kind}_steps_per_second"] = round(theirs, 2)
        found[f"ratio_to_{kind}"] = round(ours / theirs, 2)


def stored(bench: Bench, recipe: Recipe) -> list[Corpus]:
    """Both domains in the recipe's spectrograms; made if they are not there, in processes without PyTorch."""
    settings = json.dumps(recipe.spectrogram.to_dict())
    place = bench.folder / f"spectrograms-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"
    if not place.is_dir():
        audio = bench.folder / "notes" / str(recipe.spectrogram.sample_rate)
        if not audio.is_dir():
            make_audio(audio, recipe.spectrogram.sample_rate)
        run_command(bench, place, "precompute", str(audio), "--recipe", recipe.name)
    return [Corpus.open(Workspace(place).spectrograms / domain) for domain in ("x", "y")]


def our_steps(
    bench: Bench,
    found: Row,
    recipe: Recipe,
    model: CycleGAN,
    samplers: list[CropSampler],
    corpora: tuple[Corpus, Corpus],
) -> float:
    """Steps a second, captured where that is done."""
    cuda = bench.device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    state = TrainingState(recipe, model, 0)
    if recipe.schedule.compile:
        compile_networks(model, bench)
    loader = make_loader(corpora, samplers, state, 0, bench, choose_resident(samplers, state)["used"])
    captured = choose_steps(state, bench)
    found |= {"bfloat16": state.half, "batch": recipe.schedule.batch}
    with closing(loader):
        began = time.perf_counter()
        train_step(state, next(loader), captured)
        bench.wait()
        found["first_step_s"] = round(time.perf_counter() - began, 2)
        waited, began = loader.waited, time.perf_counter()
        ours = bench.rate(lambda: train_step(state, next(loader), captured))
        found["steps_per_second"] = round(ours, 2)
        found["data_wait"] = round((loader.waited - waited) / (time.perf_counter() - began), 4)
        if isinstance(captured, CapturedSteps):
            found["captured"] = captured.captured is not None
        found["without_graph"] = round(bench.rate(lambda: train_step(state, next(loader), take_step)), 2)
        if cuda:
            found["memory_gb"] = round(torch.cuda.max_memory_reserved() / 1e9, 1)
        if not recipe.schedule.compile:  # which hides its operations
            with FlopCounterMode(display=False) as counter:
                train_step(state, next(loader), take_step)
            peak = matrix_rate(bench.device, torch.bfloat16 if state.half else torch.float32)
            found["peak_tflops"] = round(peak / 1e12, 1)
            found["share_of_peak"] = round(counter.get_total_flops() * ours / peak, 4)
    return ours


def preparation(bench: Bench, found: Row) -> None:
    """Seconds from stored spectrograms to the first step of `small`, phase by phase."""
    recipe, place = bench.recipe("small"), bench.folder / "prepared"
    minutes = 1 if bench.tiny else 11
    audio = write_notes(bench.folder / "audio", minutes)
    found["minutes"] = 2 * minutes
    began = time.monotonic()
    run_command(bench, place, "precompute", str(audio), "--recipe", "small")
    found["precompute_s"] = round(time.monotonic() - began, 2)
    marks = [("", time.monotonic())]

    def mark(phase: str) -> None:
        marks.append((phase, time.monotonic()))

    corpora = open_corpora(Workspace(place), ("x", "y"), recipe)
    heard, held = split_held_out(corpora, recipe)
    samplers = make_samplers(heard, recipe, 0)
    x, y = (measure(sampler) for sampler in samplers)
    mark("statistics")
    state = TrainingState(recipe, CycleGAN(recipe, x, y).to(bench.device), 0)
    mark("networks")
    validator = make_validator(samplers, heard, held, recipe, bench, bench.device)
    mark("judges")
    on_device = choose_resident(samplers, state)["used"]
    loader = make_loader(heard, samplers, state, 0, bench, on_device)
    mark("matching")
    train_step(state, next(loader))
    bench.wait()
    mark("first step")
    loader.close()
    found["seconds"] = round(marks[-1][1] - marks[0][1], 2)
    for (_, start), (name, end) in itertools.pairwise(marks):
        found[f"{name.replace(' ', '_')}_s"] = round(end - start, 2)
    if validator is not None:
        validator.validate(state.model)
        found["validation_s"] = round(time.monotonic() - marks[-1][1], 2)


def write_notes(audio: Path, minutes: int) -> Path:
    """Two domains of decaying notes, a recording a minute; made if they are not there."""
    random, clock = np.random.default_rng(0), np.arange(22050) / 22050
    for domain, base in (("x", 220.0), ("y", 330.0)):
        (audio / domain).mkdir(parents=True, exist_ok=True)
        for number in range(minutes):
            pitches = base * 2 ** (random.integers(-12, 13, 60) / 12)
            notes = [0.2 * np.sin(2 * np.pi * pitch * clock) * np.exp(-3 * clock) for pitch in pitches]
            wave = np.concatenate(notes) + 0.01 * random.standard_normal(60 * 22050)
            soundfile.write(audio / domain / f"{number}.wav", wave, 22050)
    return audio


def side_by_side(bench: Bench, found: Row) -> None:
    """Four runs of `small` at once on one machine, without judging: who waits for data, and how much."""
    place = stored_minute(bench)
    steps, runs = (4, 2) if bench.tiny else (400, 4)
    start = ["--domains", "x", "y", *given(bench, f"schedule.steps={steps}", "warm_start.share=0.3")]
    began = time.monotonic()
    processes = [
        begin_command(bench, place, "train", *start, "--name", f"beside-{number}") for number in range(runs)
    ]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise RuntimeError("one of them failed")
    found |= {"runs": runs, "steps": steps, "seconds": round(time.monotonic() - began, 1)}
    ends = []
    for number in range(runs):
        log = place / "runs" / f"beside-{number}" / "log.jsonl"
        ends.append(json.loads(log.read_text().splitlines()[-1]))
    found["steps_per_second"] = round(sum(steps / end["seconds"] for end in ends), 2)
    found["most_data_wait"] = max(end["data_wait"] for end in ends)


def resume(bench: Bench, found: Row) -> None:
    """Whether a run that is killed twice ends with the bits of one that is not."""
    place = stored_minute(bench)
    steps = 12 if bench.tiny else 60
    every = steps // 6
    start = ["--domains", "x", "y"]
    start += given(bench, f"schedule.steps={steps}", "warm_start.share=0.3", f"schedule.save_every={every}")
    run_command(bench, place, "train", *start, "--name", "whole")
    process = begin_command(bench, place, "train", *start, "--name", "parts")
    folder = CheckpointFolder(place / "runs" / "parts" / "checkpoints")
    kills = 0
    for saved in (every, 4 * every):  # in the warm start, and after it
        while process.poll() is None and (folder.steps() or [-1])[-1] < saved:
            time.sleep(0.005)
        kills += process.poll() is None
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
    found |= {"steps": steps, "kills": kills, "same_bits": not differ, "tensors_that_differ": len(differ)}


def stored_minute(bench: Bench) -> Path:
    """A workspace with a minute of each domain, made if it is not there."""
    place = bench.folder / "minute"
    if not place.is_dir():
        audio = write_notes(bench.folder / "short", 1)
        run_command(bench, place, "precompute", str(audio), "--recipe", "small")
    return place


def given(bench: Bench, *settings: str) -> list[str]:
    """Settings of a run of `small` without judging, as the command takes them."""
    few = ("schedule.validation_seconds=0", "warm_start.crops=16")
    every = (*(TINY["small"] if bench.tiny else ()), *few, *settings)
    return [word for setting in every for word in ("--set", setting)]


def begin_command(bench: Bench, place: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start ``styleshift``; what trains, on the device that is measured."""
    command = [sys.executable, "-m", "styleshift", words[0], "-q", *words[1:]]
    if words[0] == "train":
        command += ["--device", str(bench.device)]
    environment = {**os.environ, "STYLESHIFT_WORKSPACE": str(place)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def run_command(bench: Bench, place: Path, *words: str) -> None:
    """The same, to its end."""
    if code := begin_command(bench, place, *words).wait():
        raise RuntimeError(f"styleshift {words[0]} ended with {code}")
