"""What runs ahead waits here: first in, first out, cut anywhere."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt


class ArrayQueue:
    """Arrays joined along their first axis, taken out in pieces of any length.

    One thread may push, another take.
    """

    def __init__(self) -> None:
        self._parts: deque[npt.NDArray[Any]] = deque()
        self._length = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return self._length

    def push(self, part: npt.NDArray[Any]) -> None:
        """Add at the end; the array is kept, not copied."""
        if len(part):
            with self._lock:
                self._parts.append(part)
                self._length += len(part)

    def take(self, length: int) -> npt.NDArray[Any]:
        """Remove ``length`` from the front; there must be that much."""
        found = self.peek(length)
        self.drop(length)
        return found

    def peek(self, length: int) -> npt.NDArray[Any]:
        """The first ``length``, left in place."""
        assert 0 < length <= self._length, f"{length} of {self._length} asked for"
        parts, missing = [], length
        with self._lock:
            there = tuple(self._parts)
        for part in there:
            parts.append(part[:missing])
            missing -= len(parts[-1])
            if not missing:
                break
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def drop(self, length: int) -> None:
        """Forget the first ``length``."""
        assert length <= self._length, f"{length} of {self._length} to be dropped"
        with self._lock:
            self._length -= length
            while length:
                part = self._parts.popleft()
                if len(part) > length:
                    self._parts.appendleft(part[length:])
                    return
                length -= len(part)


class Curve:
    """A slowly changing value, known at even steps of time, asked for at any time in between.

    Values come in order and questions too; what lies before the last question is forgotten. One thread may
    push, another ask.

    Args:
        step: seconds from one value to the next; the first one is at 0.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._first = 0.0  # time of the first value that is kept, in seconds
        self._values = np.empty(0, np.float64)
        self._lock = Lock()

    def push(self, values: npt.NDArray[np.floating[Any]]) -> None:
        """Add values ``[n]``."""
        with self._lock:
            self._values = np.concatenate([self._values, values.astype(np.float64)])

    @property
    def known_until(self) -> float:
        """Time of the last value, in seconds; 0 or less before the first."""
        return self._first + (len(self._values) - 1) * self._step

    def at(self, start: int, length: int, rate: int) -> npt.NDArray[np.float32]:
        """Linear interpolation at ``length`` samples from sample ``start`` of a stream of ``rate`` Hz.

        Before the first value and after the last one it stays at those.

        Returns:
            ``[length]`` float32.
        """
        assert len(self._values), "no value yet"
        values = self._values  # a push puts another array in its place
        times = (np.arange(start, start + length) / rate - self._first) / self._step
        return np.interp(times, np.arange(len(values)), values).astype(np.float32)

    def forget_before(self, time: float) -> None:
        """Nobody will ask for times before this one, in seconds."""
        with self._lock:
            gone = min(int((time - self._first) / self._step) - 1, len(self._values) - 1)
            if gone > 0:
                self._values = self._values[gone:]
                self._first += gone * self._step
