"""The front end against its peers, in one process, interleaved.

Each line is the median of the runs; ratios are peer / ours, so above 1 we are faster. Both the wall clock
and the processor time of this process are given: where the machine does other work meanwhile, only the
second says much. ``out=`` writes into an array of the caller's; the others make one, as the peers do.

    python benchmarks/frontend.py [--sizes 512 1024 2048] [--seconds 60] [--runs 7] [--json FILE]
    python benchmarks/frontend.py --lengths 675 1125 1350      only: other lengths against powers of two
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import librosa
import numpy as np
import scipy.fft
import torch
from command_line import parser_of

from styleshift.frontend import (
    SpectrogramConfig,
    build_info,
    griffin_lim,
    istft,
    log_spectrogram,
    pghi,
    stft,
)

Calls = dict[str, Callable[[], object]]
Measured = dict[str, tuple[float, float]]


def measure(calls: Calls, runs: int) -> Measured:
    """Median wall and processor seconds of each call; the calls take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(runs):
        for name, call in calls.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (statistics.median(t[0] for t in pairs), statistics.median(t[1] for t in pairs))
        for name, pairs in times.items()
    }


def show(title: str, measured: Measured, pairs: list[tuple[str, str]], frames: int) -> list[dict[str, Any]]:
    """Print times a frame and ratios; return them."""
    print(f"\n{title}", flush=True)
    for name, (wall, cpu) in measured.items():
        each, processor = wall / frames * 1e6, cpu / frames * 1e6
        print(f"  {name:34} {each:8.2f} us a frame on the wall, {processor:8.2f} us of processor")
    rows = []
    for ours, peer in pairs:
        wall, cpu = (measured[peer][i] / measured[ours][i] for i in (0, 1))
        print(f"  {ours} against {peer}: {wall:.1f} x on the wall, {cpu:.1f} x in processor time")
        rows.append({"title": title, "ours": ours, "peer": peer, "wall": wall, "processor": cpu})
    return rows


def transforms(size: int, channels: int, seconds: int, runs: int) -> list[dict[str, Any]]:
    """Log spectrogram, complex STFT and inverse at one FFT size, hop a quarter of it."""
    hop = size // 4
    config = SpectrogramConfig(sample_rate=22050, frame_length=size, hop_length=hop, fft_length=size)
    x = (np.random.default_rng(0).standard_normal((channels, seconds * 22050)) * 0.1).astype(np.float32)
    tensor, window = torch.from_numpy(x), torch.hann_window(size)
    frames = channels * config.frames(x.shape[-1])
    spectrum = stft(x, config)
    complex_out = np.empty_like(spectrum)
    log_out, half_out = np.empty(spectrum.shape, np.float32), np.empty(spectrum.shape, np.float16)
    samples_out = np.empty_like(x)

    def torch_stft() -> torch.Tensor:
        return torch.stft(
            tensor, size, hop, window=window, center=True, pad_mode="constant", return_complex=True
        )

    torch_spectrum = torch_stft()
    numpy_window = window.numpy()

    def scipy_stft() -> None:
        for channel in x:
            padded = np.pad(channel, size // 2)
            frames_of = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
            scipy.fft.rfft(frames_of * numpy_window, axis=-1)

    where, length = f"{channels} x {seconds} s, {size} points, hop {hop}", x.shape[-1]

    def compared(title: str, calls: Calls, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
        return show(f"{title}, {where}", measure(calls, runs), pairs, frames)

    log_calls: Calls = {
        "log, float32, out=": lambda: log_spectrogram(x, config, out=log_out, threads=1),
        "log, float32, as called": lambda: log_spectrogram(x, config, threads=1),
        "log, float16, out=": lambda: log_spectrogram(x, config, dtype=np.float16, out=half_out, threads=1),
    }
    peer = "torch.stft, abs, log1p"
    stft_calls: Calls = {
        "stft, out=": lambda: stft(x, config, out=complex_out, threads=1),
        "stft, as called": lambda: stft(x, config, threads=1),
    }
    peers: Calls = {"torch.stft": torch_stft, "scipy.fft.rfft of frames": scipy_stft}
    inverse_calls: Calls = {
        "istft, out=": lambda: istft(spectrum, config, length=length, out=samples_out, threads=1),
        "istft, as called": lambda: istft(spectrum, config, length=length, threads=1),
        "torch.istft": lambda: torch.istft(torch_spectrum, size, hop, window=window, length=length),
    }
    thread_calls: Calls = {
        "log, 2 threads": lambda: log_spectrogram(x, config, out=log_out, threads=2),
        "log, 1 thread": log_calls["log, float32, out="],
        "istft, 2 threads": lambda: istft(spectrum, config, length=length, out=samples_out, threads=2),
        "istft, 1 thread": inverse_calls["istft, out="],
    }
    return [
        *compared(
            "log-magnitude spectrogram",
            {**log_calls, peer: lambda: torch.log1p(torch_stft().abs())},
            [(name, peer) for name in log_calls],
        ),
        *compared("complex STFT", stft_calls | peers, [(a, b) for b in peers for a in stft_calls]),
        *compared("inverse STFT", inverse_calls, [(a, "torch.istft") for a in list(inverse_calls)[:2]]),
        *compared(
            "two threads",
            thread_calls,
            [("log, 2 threads", "log, 1 thread"), ("istft, 2 threads", "istft, 1 thread")],
        ),
    ]


POWERS_OF_TWO = (512, 1024, 2048)


def lengths(sizes: list[int], channels: int, seconds: int, runs: int) -> list[dict[str, Any]]:
    """Processor time for N log N of other FFT lengths over that of powers of two: their mean, one thread."""
    x = (np.random.default_rng(0).standard_normal((channels, seconds * 22050)) * 0.1).astype(np.float32)
    configs = {
        n: SpectrogramConfig(sample_rate=22050, frame_length=n, hop_length=n // 4, fft_length=n)
        for n in (*POWERS_OF_TWO, *sizes)
    }
    shapes = {n: (channels, config.frames(x.shape[-1]), config.bins) for n, config in configs.items()}
    room = np.zeros(max(int(np.prod(shape)) for shape in shapes.values()), np.complex64)

    def rows(n: int, dtype: type) -> Any:
        return room.view(dtype)[: int(np.prod(shapes[n]))].reshape(shapes[n])

    def per_point(call: Callable[[int, SpectrogramConfig], object]) -> dict[int, float]:
        calls: Calls = {str(n): partial(call, n, config) for n, config in configs.items()}
        cost = {int(n): cpu for n, (_, cpu) in measure(calls, runs).items()}
        return {n: cost[n] / (shapes[n][1] * n * np.log2(n)) for n in configs}

    log = per_point(lambda n, c: log_spectrogram(x, c, out=rows(n, np.float32), threads=1))
    forward = per_point(lambda n, c: stft(x, c, out=rows(n, np.complex64), threads=1))
    samples = np.empty_like(x)
    room[:] = 1.0
    inverse = per_point(
        lambda n, c: istft(rows(n, np.complex64), c, length=x.shape[-1], out=samples, threads=1)
    )
    print("\nprocessor time for N log N, powers of two 1.00: log spectrogram, complex STFT, inverse")
    found = []
    for n in configs:
        ratios = [
            float(times[n] / np.mean([times[p] for p in POWERS_OF_TWO])) for times in (log, forward, inverse)
        ]
        print(f"  {n:6} points: " + ", ".join(f"{ratio:.2f}" for ratio in ratios), flush=True)
        found.append({"points": n, **dict(zip(("log", "complex", "inverse"), ratios, strict=True))})
    return found


def phases(seconds: int, runs: int) -> list[dict[str, Any]]:
    """Griffin-Lim, 32 rounds, against librosa and a loop in torch."""
    size, hop, rounds, momentum = 1024, 256, 32, 0.99
    config = SpectrogramConfig(sample_rate=22050, frame_length=size, hop_length=hop, fft_length=size)
    x = (np.random.default_rng(0).standard_normal(seconds * 22050) * 0.1).astype(np.float32)
    goal = np.abs(stft(x, config))
    length, window = len(x), torch.hann_window(size)
    goal_bins_first, goal_tensor = (
        np.ascontiguousarray(goal.T),
        torch.from_numpy(np.ascontiguousarray(goal.T)),
    )

    def torch_loop() -> torch.Tensor:
        angles = torch.polar(torch.ones_like(goal_tensor), torch.rand_like(goal_tensor) * 2 * np.pi)
        before = torch.zeros_like(angles)
        for _ in range(rounds):
            samples = torch.istft(goal_tensor * angles, size, hop, window=window, length=length)
            found = torch.stft(
                samples, size, hop, window=window, center=True, pad_mode="constant", return_complex=True
            )
            angles = found - before * (momentum / (1 + momentum))
            angles = angles / (angles.abs() + 1e-16)
            before = found
        return torch.istft(goal_tensor * angles, size, hop, window=window, length=length)

    ours = f"griffin_lim, {rounds} rounds"
    measured = measure(
        {
            ours: lambda: griffin_lim(goal, config, iterations=rounds, length=length, threads=1),
            "librosa.griffinlim": lambda: librosa.griffinlim(
                goal_bins_first, n_iter=rounds, hop_length=hop, length=length, pad_mode="constant"
            ),
            "torch loop": torch_loop,
            "pghi": lambda: pghi(goal, config, threads=1),
        },
        runs,
    )
    pairs = [(ours, "librosa.griffinlim"), (ours, "torch loop")]
    return show(f"phase, 1 x {seconds} s, {size} points, hop {hop}", measured, pairs, len(goal))


def main() -> None:
    """Run all and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024, 2048])
    parser.add_argument("--lengths", type=int, nargs="+", help="only these, against powers of two")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    info = build_info()
    print(f"styleshift {info['version']}, {info['simd']}, {info['compiler']}; torch {torch.__version__}")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.lengths:
        rows = lengths(options.lengths, options.channels, min(options.seconds, 10), options.runs)
    else:
        rows = [
            row
            for size in options.sizes
            for row in transforms(size, options.channels, options.seconds, options.runs)
        ]
        rows += phases(min(options.seconds, 20), options.runs)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
