"""The conversions of gpu.py: one model by the command, on the GPU and on all processors."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
from gpu_bench import Bench, Row
from untrained import untrained

from styleshift.bundle.load import load_bundle
from styleshift.recipes import Recipe
from styleshift.runtimes.plugin import runtimes_for
from styleshift.system.environment import processors
from styleshift.workspace import shipped_models


def conversion(bench: Bench, found: Row, name: str, path: str) -> None:
    """One model by the command, on the device and on all processors; made where a path leads nowhere."""
    folder, device = bench.folder, bench.device
    shipped = shipped_models() / "violin-to-piano.onnx"
    model = untrained_model(Path(path), bench.recipe("music")) if path else shipped
    seconds = 4 if bench.tiny else int(400 * bench.seconds)
    library = write_library(folder / "library", seconds)
    spot = write_library(folder / "spot", 0.5)
    found["music_minutes"] = round(seconds / 60, 1)
    devices = ["cpu"] if device.type == "cpu" else [str(device), "cpu"]
    results = {}
    for where in devices:
        for source, key in ((spot, "start"), (library, "all")):
            output = folder / f"{name}-{key}-{where.replace(':', '-')}"
            shutil.rmtree(output, ignore_errors=True)
            words = [
                "convert",
                str(source),
                "--model",
                str(model),
                "-o",
                str(output),
                "--device",
                where,
                "-q",
            ]
            began = time.monotonic()
            code = subprocess.call([sys.executable, "-m", "styleshift", *words], stdout=subprocess.DEVNULL)
            if code:
                raise RuntimeError(f"styleshift convert ended with {code} on {where}")
            found[f"{where}_{key}_s"] = round(time.monotonic() - began, 2)
            results[where] = output
        found[f"{where}_window_ms"] = round(1e3 * seconds_a_window(model, where), 2)
    if len(devices) == 2:
        found["ratio_to_cpu"] = round(found["cpu_all_s"] / found[f"{devices[0]}_all_s"], 2)
        found["parity_db"] = round(apart_db(*results.values()), 1)


def write_library(folder: Path, seconds: float) -> Path:
    """Stereo WAV files of a minute at most."""
    if not folder.is_dir():
        folder.mkdir()
        random, left = np.random.default_rng(1), seconds
        while left > 0:
            now = min(60.0, left)
            clock = np.arange(int(44100 * now)) / 44100
            wave = 0.2 * np.sin(2 * np.pi * random.uniform(200, 900) * clock) * np.exp(-3 * (clock % 0.5))
            both = np.stack([wave, np.roll(wave, 40)], axis=1)
            soundfile.write(
                folder / f"{left:.0f}.wav", both + 0.003 * random.standard_normal(both.shape), 44100
            )
            left -= now
    return folder


def seconds_a_window(model: Path, device: str) -> float:
    """Of the model alone, in its first runtime there, as many windows at once as fill 8192 frames."""
    bundle = load_bundle(model)
    spec = runtimes_for("auto", device)[0]
    threads = processors() if device == "cpu" else 1
    session = spec.build(spec.config(), model, device, threads)
    frames = bundle.metadata.window_frames
    count = max(1, 8192 // frames) if device != "cpu" else 1
    windows = np.random.default_rng(0).standard_normal((count, 1, bundle.metadata.spectrogram.bins, frames))
    session.run(windows.astype(np.float32))
    began = time.perf_counter()
    for _ in range(5):
        session.run(windows.astype(np.float32))
    return (time.perf_counter() - began) / (5 * count)


def apart_db(one: Path, other: Path) -> float:
    """The difference of two folders' first recordings, against the second's own level."""
    first, second = (soundfile.read(sorted(folder.rglob("*.wav"))[0])[0] for folder in (one, other))
    length = min(len(first), len(second))
    rest = np.sqrt(np.mean((first[:length] - second[:length]) ** 2))
    return float(20 * np.log10(max(rest, 1e-9) / max(np.sqrt(np.mean(second**2)), 1e-9)))


def untrained_model(path: Path, recipe: Recipe) -> Path:
    """A model of a recipe's size, made if it is not there; what it computes does not matter here."""
    if path.is_file():
        return path
    from styleshift.bundle.export import export_bundle

    return export_bundle(untrained(recipe), "x2y", path).path
