"""p: the probability of the target style, from a small network that has learnt to tell two collections apart.

It ignores what is played: another clip of the target gets full marks. Never read it without the harmony and
onset figures beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import nn

from styleshift.evaluation.features import FRAME_RATE, RANGE_DB, Array, Features, clip_range
from styleshift.system.prefetch import prefetch

PATCH_FRAMES = round(FRAME_RATE)
_BATCH = 64
_STEPS = 200
_LEARNING_RATE = 2e-3
_HELD_OUT = 0.15
_AHEAD = 4
_NEPER = np.float32(-np.log(10) / 10)


View = Literal["level", "shape", "motion"]
VIEWS: tuple[View, ...] = get_args(View)
"""Of a patch: its levels; each frame's spectrum without its level; what changes from frame to frame."""


class _Look(nn.Module):
    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        if self._view == "shape":
            return patches - patches.mean(dim=3, keepdim=True)
        return patches.diff(dim=2) if self._view == "motion" else patches


@dataclass(frozen=True, slots=True)
class StyleClassifier:
    """A trained classifier of 1 s patches.

    Attributes:
        network: maps ``[n, 1, PATCH_FRAMES, MEL_BANDS]`` float32 to ``[n]`` logits of the target.
        held_out_accuracy: share of 1 s patches named rightly in recordings kept out of the training,
            both sides counting alike; near 0.5 means that p says nothing. nan if too few to keep any out.
        sign: 1, or -1 where the network's target is the style that is not wanted.
    """

    network: nn.Module
    held_out_accuracy: float
    sign: float = 1.0

    def logits(self, recordings: Sequence[Features]) -> Array:
        """``[patches]``: of the target, for every patch of all recordings, half overlapping."""
        patches = torch.from_numpy(_patches(recordings, PATCH_FRAMES // 2))
        with torch.no_grad():
            found: Array = (self.sign * self.network(patches)).numpy()
        return found

    def probability(self, recording: Features) -> float:
        """Mean over the recording's patches of the probability of the target, 0 to 1."""
        return float(torch.from_numpy(self.logits([recording])).sigmoid().mean())

    def mirrored(self) -> StyleClassifier:
        """The same network asked the other way round: the probability of the other style."""
        return replace(self, sign=-self.sign)


def train_classifier(
    other: Sequence[Features],
    target: Sequence[Features],
    *,
    steps: int | None = None,
    seed: int = 0,
    view: View = "level",
    advance: Callable[[float], None] = lambda part: None,
    device: torch.device | str = "cpu",
) -> StyleClassifier:
    """Learn to tell ``target`` from ``other``; the same input and seed give the same network.

    Gain, tilt, EQ and noise are changed at random while it learns, so that it listens to more than the
    average spectrum. Global random state is left as it was.

    Args:
        other: recordings of the style that conversions come from.
        target: recordings of the target style.
        steps: of 64 patches each, half from each side; where None 200, and fewer for less than some minutes,
            which are learnt sooner.
        seed: of the weights, the order and the changes.
        view: what the network is given of a patch.
        advance: is told after each step which part of all it was; the parts add up to 1.
        device: where it learns; the network then comes back to the CPU.
    """
    assert other, "nothing to tell apart: no recordings of the style it comes from"
    assert target, "nothing to tell apart: no recordings of the target style"
    random = np.random.default_rng(seed)
    learnt, kept = zip(*(_split(side) for side in (other, target)), strict=True)
    pools = [_patches(side, PATCH_FRAMES // 4) for side in learnt]
    steps = min(_STEPS, 40 + sum(map(len, pools)) // 8) if steps is None else steps
    average = [pool.mean(axis=(0, 1, 2)) * np.float32(RANGE_DB / 2) for pool in pools]
    towards = np.repeat([average[1] - average[0], average[0] - average[1]], _BATCH // 2, axis=0)
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), _one_thread():
        torch.manual_seed(seed)
        network = _network(view).to(device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
        labels = torch.cat([torch.zeros(_BATCH // 2), torch.ones(_BATCH // 2)]).to(device)
        batches = prefetch(_varied(pools, towards, random, steps), _AHEAD)
        with torch.enable_grad(), closing(batches):
            for varied in batches:
                batch = torch.from_numpy(varied).to(device)
                loss = nn.functional.binary_cross_entropy_with_logits(network(batch), labels)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
                advance(1 / steps)
    network.cpu().eval()
    return StyleClassifier(network=network, held_out_accuracy=_accuracy(network, kept[0], kept[1]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Layers this small gain nothing from threads, and lose much where the machine is busy (4 x measured)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _varied(
    pools: Sequence[Array], towards: Array, random: np.random.Generator, steps: int
) -> Iterator[Array]:
    """The batches of all steps, half from each side, drawn in order and varied in threads."""
    waiting: deque[Future[Array]] = deque()
    with ThreadPoolExecutor(_AHEAD) as threads:
        for _ in range(steps):
            drawn = [pool[random.integers(len(pool), size=_BATCH // 2)] for pool in pools]
            patches = np.concatenate(drawn)
            waiting.append(threads.submit(_changed, patches, *_changes(patches.shape, towards, random)))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _network(view: View) -> nn.Sequential:
    layers: list[nn.Module] = [_Look(view)]
    before = 1
    for channels in (8, 16, 32, 64):
        layers += [
            nn.Conv2d(before, channels, 3, stride=2, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        before = channels
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(before, 1), nn.Flatten(0)]
    return nn.Sequential(*layers)


def _split(side: Sequence[Features]) -> tuple[list[Features], list[Features]]:
    """The last recordings, about 15 % of them, are kept out; none where there are fewer than four."""
    count = max(1, round(_HELD_OUT * len(side))) if len(side) >= 4 else 0
    return list(side[: len(side) - count]), list(side[len(side) - count :])


def _patches(recordings: Sequence[Features], hop: int) -> Array:
    """``[n, 1, PATCH_FRAMES, MEL_BANDS]`` float32: dB below the recording's peak, -60 to 0 become -1 to 1."""
    patches = []
    for recording in recordings:
        level = clip_range(recording.log_mel - recording.log_mel.max(initial=-100.0))
        if len(level) < PATCH_FRAMES:
            level = np.pad(level, ((0, PATCH_FRAMES - len(level)), (0, 0)), constant_values=-RANGE_DB)
        patches += [
            level[start : start + PATCH_FRAMES] for start in range(0, len(level) - PATCH_FRAMES + 1, hop)
        ]
    scaled: Array = (np.stack(patches)[:, None] / np.float32(RANGE_DB / 2) + 1).astype(np.float32)
    return scaled


def _changes(shape: tuple[int, ...], towards: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Another gain, tilt, EQ and noise floor for each patch: what :func:`_changed` takes.

    Args:
        shape: of the patches.
        towards: ``[n, bands]`` dB: the EQ that gives a patch the average spectrum of the other side. A random
            share of it is applied; without that an EQ would pass for the target.
        random: where the changes are drawn from.

    Returns:
        ``[n, bands]`` dB to add, and a noise floor ``[n, frames, bands]``.
    """
    count, _, frames, width = shape
    bands, knots = np.linspace(-1.0, 1.0, width), np.linspace(-1.0, 1.0, 9)
    change = random.uniform(-12.0, 0.0, (count, 1)) + random.uniform(-8.0, 8.0, (count, 1)) * bands
    change += [np.interp(bands, knots, curve) for curve in random.normal(0.0, 5.0, (count, len(knots)))]
    change += random.uniform(0.0, 1.0, (count, 1)) * towards
    floor = random.standard_normal((count, frames, width), dtype=np.float32) * np.float32(4.0)
    floor += random.uniform(-80.0, -35.0, (count, 1, 1)).astype(np.float32)
    return change.astype(np.float32), floor


def _changed(patches: Array, change: Array, floor: Array) -> Array:
    """``[n, 1, frames, bands]`` float32, -1 to 1, with the changes of :func:`_changes`; the same range."""
    decibels = patches[:, 0] * np.float32(RANGE_DB / 2) - np.float32(RANGE_DB / 2)
    decibels += change[:, None]
    # The power sum of signal and floor, in dB: the larger plus what the smaller adds to it.
    gap = np.abs(decibels - floor)
    noisy = np.maximum(decibels, floor) + np.float32(10 / np.log(10)) * np.log1p(np.exp(gap * _NEPER))
    scaled: Array = np.clip(noisy, -RANGE_DB, 0.0)[:, None] / np.float32(RANGE_DB / 2) + np.float32(1)
    return scaled


def _accuracy(network: nn.Module, other: Sequence[Features], target: Sequence[Features]) -> float:
    if not other or not target:
        return float("nan")
    with torch.no_grad():
        sides = [network(torch.from_numpy(_patches(side, PATCH_FRAMES))) > 0 for side in (other, target)]
    return float(((~sides[0]).float().mean() + sides[1].float().mean()) / 2)
