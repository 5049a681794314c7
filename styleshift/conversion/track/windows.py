"""Cuts the spectrograms of sections into windows of the training length, and joins their conversions.

A network with instance norm takes its statistics from all it sees, so it should see what it saw in training:
one length. Only a section that is shorter gets a shorter window, with some of its mirror image behind it.
What it says near a window's border, where it cannot see what follows, is thrown away; neighbours are
cross-faded where both see far enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np

from styleshift.arrays import Float32Array, Float64Array

T = TypeVar("T")

# Frames of its own mirror image, at least, behind a section that is shorter than a window, or an eighth of a
# window. A whole window moves clips of 0.3 to 1 s by 0.02 to 0.08 dB (log-mel, shipped models), at up to
# three times the work; 32 frames would move them by 0.2 to 0.4.
MIRRORED_FRAMES = 64


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Which windows a section is cut into.

    Attributes:
        frames: of the section, 1 or more.
        window: frames of each window.
        discard: frames next to a border with another window that are thrown away.
        fade: frames over which neighbours are faded into one another; the last window ends with the section
            and may share more.
    """

    frames: int
    window: int
    discard: int
    fade: int

    def __post_init__(self) -> None:
        """Check that the windows move on."""
        assert self.frames > 0, "there is nothing to convert"
        assert self.discard >= 0, "there is no less than nothing to discard"
        assert self.fade >= 0, "there is no less than nothing to fade"
        assert self.overlap <= self.window // 2, "more than two windows would meet in one frame"

    @property
    def overlap(self) -> int:
        """Frames that neighbours share."""
        return 2 * self.discard + self.fade

    @property
    def hop(self) -> int:
        """Frames from one window to the next."""
        return self.window - self.overlap

    @property
    def count(self) -> int:
        """How many windows there are."""
        return 1 + max(0, -(-(self.frames - self.window) // self.hop))

    def start(self, index: int) -> int:
        """First frame of a window."""
        return min(index * self.hop, max(0, self.frames - self.window))

    def weight(self, index: int) -> Float32Array:
        """``[window]``: the share of window ``index`` in each frame; all shares of a frame sum to 1."""
        start = self.start(index)
        own = self._shape(index)
        total = np.zeros(self.window)
        # The last window may reach over more than one neighbour.
        for other in range(max(0, index - 2), min(self.count, index + 3)):
            shift = self.start(other) - start
            if abs(shift) < self.window:
                low, high = max(0, shift), min(self.window, self.window + shift)
                total[low:high] += self._shape(other)[low - shift : high - shift]
        return np.asarray(own / np.where(total > 0, total, 1), np.float32)

    def _shape(self, index: int) -> Float64Array:
        start = self.start(index)
        return _shape(self.window, self.discard, self.fade, start > 0, start + self.window < self.frames)


@lru_cache(maxsize=16)
def _shape(window: int, discard: int, fade: int, rises: bool, falls: bool) -> Float64Array:
    ramp = np.sin(np.pi / 2 * (np.arange(fade) + 0.5) / max(1, fade)) ** 2
    edge = np.concatenate([np.zeros(discard), ramp])
    shape = np.ones(window)
    if rises and len(edge):
        shape[: len(edge)] = edge
    if falls and len(edge):
        shape[-len(edge) :] = edge[::-1]
    return shape


@dataclass(slots=True)
class _Open(Generic[T]):
    """A section of which some windows are not back yet."""

    key: T
    plan: WindowPlan
    sums: Float32Array
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.missing = self.plan.count

    def add(self, index: int, converted: Float32Array) -> None:
        start = self.plan.start(index)
        part = self.sums[start : start + self.plan.window]
        part += (converted.T * self.plan.weight(index)[:, None])[: len(part)]
        self.missing -= 1


def convert_windows(
    spectrograms: Iterable[tuple[Float32Array, T]],
    run: Callable[[Float32Array], Float32Array],
    batch: int,
    window: int,
    multiple: int,
    discard: int,
    fade: int,
) -> Iterator[tuple[Float32Array, T]]:
    """Convert the spectrograms of sections; windows of several are run together.

    A section shorter than one window is continued by its own mirror image, so that the statistics of the
    window are those of the section. Of one that is much shorter a shorter window tells as much.

    Args:
        spectrograms: ``[frames, bins]`` float32, and what belongs to it and is given back with it.
        run: maps ``[at most batch, 1, bins, window]`` float32 to the same shape.
        batch: windows to run at once.
        window: frames of windows, but for those of short sections; see :class:`WindowPlan`.
        multiple: of so many frames they are.
        discard: see there.
        fade: see there.

    Yields:
        The same shapes in the same order, and what belongs to each.
    """
    waiting: deque[_Open[T]] = deque()
    gathered: list[tuple[_Open[T], int, Float32Array]] = []

    def flush() -> Iterator[tuple[Float32Array, T]]:
        converted = run(np.stack([view for *_, view in gathered]))
        for (section, index, _), part in zip(gathered, converted, strict=True):
            section.add(index, part[0])
        gathered.clear()
        while waiting and not waiting[0].missing:
            done = waiting.popleft()
            yield done.sums, done.key

    for log, key in spectrograms:
        enough = -(-(len(log) + max(MIRRORED_FRAMES, window // 8)) // multiple) * multiple
        enough = max(enough, 4 * multiple)  # as generators may expect
        plan = WindowPlan(len(log), *((window, discard, fade) if enough >= window else (enough, 0, 0)))
        if gathered and gathered[0][0].plan.window != plan.window:
            yield from flush()
        section = _Open(key, plan, np.zeros(log.shape, np.float32))
        waiting.append(section)
        for index in range(plan.count):
            view = log[plan.start(index) :][: plan.window]
            if len(view) < plan.window:
                view = np.pad(view, ((0, plan.window - len(view)), (0, 0)), mode="symmetric")
            gathered.append((section, index, np.ascontiguousarray(view.T)[None]))
            if len(gathered) == batch:
                yield from flush()
    if gathered:
        yield from flush()
