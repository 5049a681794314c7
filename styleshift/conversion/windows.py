"""Cuts a long spectrogram into windows of the training length, and fades their conversions into one another.

A network with instance norm takes its statistics from all it sees, so it must see what it saw in training:
one length, always. Neighbours overlap and are cross-faded, so that no border is heard, and a frame's result
depends on its place in the recording alone, never on how the file was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from styleshift.conversion.queues import ArrayQueue

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Which windows a recording is cut into.

    Attributes:
        frames: of the recording, 1 or more.
        window: frames of each window.
        overlap: frames that neighbours share; the last window ends with the recording and may share more.
    """

    frames: int
    window: int
    overlap: int

    def __post_init__(self) -> None:
        """Check that the windows move on."""
        assert self.frames > 0, "there is nothing to convert"
        assert 0 <= self.overlap <= self.window // 2, "more than two windows would meet in one frame"

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
        own = _ramps(self.window, self.overlap, start > 0, start + self.window < self.frames)
        total = np.zeros(self.window)
        # The last window may reach over more than one neighbour.
        for other in range(max(0, index - 2), min(self.count, index + 3)):
            shift = self.start(other) - start
            if abs(shift) >= self.window:
                continue
            ramps = _ramps(
                self.window, self.overlap, self.start(other) > 0, shift + start + self.window < self.frames
            )
            low, high = max(0, shift), min(self.window, self.window + shift)
            total[low:high] += ramps[low - shift : high - shift]
        return np.asarray(own / total, np.float32)


@lru_cache(maxsize=16)
def _ramps(window: int, overlap: int, rises: bool, falls: bool) -> npt.NDArray[np.float64]:
    ramp = np.sin(np.pi / 2 * (np.arange(overlap) + 0.5) / max(1, overlap)) ** 2
    shape = np.ones(window)
    if rises and overlap:
        shape[:overlap] = ramp
    if falls and overlap:
        shape[-overlap:] = ramp[::-1]
    return shape


def convert_windows(
    frames: Iterable[Float32Array],
    plan: WindowPlan,
    run: Callable[[Float32Array], Float32Array],
    batch: int,
) -> Iterator[Float32Array]:
    """Convert a spectrogram that comes and goes in pieces.

    A recording shorter than one window is continued by its own mirror image, so that the statistics of the
    window are those of the recording.

    Args:
        frames: pieces ``[1, n, bins]`` float32; ``plan.frames`` in all.
        plan: where the windows lie.
        run: maps ``[at most batch, 1, bins, window]`` float32 to the same shape.
        batch: windows to run at once.

    Yields:
        Pieces ``[1, n, bins]`` float32; ``plan.frames`` in all.
    """
    waiting = ArrayQueue(axis=1)
    begun = 0  # the first frame in `waiting`
    unfinished: Float32Array | None = None  # sums of windows so far, from frame `finished` on
    finished = 0
    gathered: list[Float32Array] = []
    first = 0  # the window that gathered[0] is
    source = iter(frames)
    for index in range(plan.count):
        start = plan.start(index)
        wanted = min(plan.window, plan.frames)
        while len(waiting) < start - begun + wanted:
            waiting.push(next(source))
        if start > begun:
            waiting.drop(start - begun)
            begun = start
        view = waiting.peek(wanted)
        if wanted < plan.window:
            view = np.pad(view, ((0, 0), (0, plan.window - wanted), (0, 0)), mode="symmetric")
        gathered.append(np.ascontiguousarray(view[0].T)[None])
        last = index == plan.count - 1
        if len(gathered) < batch and not last:
            continue
        converted = run(np.stack(gathered))
        for offset in range(len(gathered)):
            number = first + offset
            at = plan.start(number)
            part = converted[offset, 0].T * plan.weight(number)[:, None]
            if unfinished is None:
                unfinished = np.zeros((plan.window, part.shape[1]), np.float32)
                finished = at
            if at > finished:
                yield unfinished[None, : at - finished].copy()
                unfinished = np.concatenate(
                    [unfinished[at - finished :], np.zeros((at - finished, part.shape[1]), np.float32)]
                )
                finished = at
            unfinished += part
        first += len(gathered)
        gathered = []
    for rest in source:  # so that whatever feeds us comes to its own end
        assert not rest.shape[1], "more frames came than were planned"
    assert unfinished is not None
    yield unfinished[None, : plan.frames - finished].copy()
