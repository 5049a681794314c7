"""What runs ahead waits here: first in, first out, cut anywhere."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array


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
    """A slowly changing value, known at even steps of time, taken sample by sample.

    What lies before the last sample that was taken is forgotten. One thread may push, another take.

    Args:
        step: seconds from one value to the next; the first one is at 0.
        rate: samples a second.
    """

    def __init__(self, step: float, rate: int) -> None:
        self._step = step
        self._rate = rate
        self._first = 0.0  # time of the first value that is kept, in seconds
        self._taken = 0  # samples
        self._values = np.empty(0, np.float64)
        self._lock = Lock()

    def push(self, values: npt.NDArray[np.floating[Any]]) -> None:
        """Add values ``[n]``."""
        with self._lock:
            self._values = np.concatenate([self._values, values.astype(np.float64)])

    def __len__(self) -> int:
        """How many samples there are up to the last value."""
        known_until = self._first + (len(self._values) - 1) * self._step
        return max(0, int(known_until * self._rate) - self._taken)

    def take(self, length: int) -> Float32Array:
        """The value at the next ``length`` samples, by linear interpolation: ``[length]`` float32.

        After the last value it stays at that.
        """
        assert len(self._values), "no value yet"
        values = self._values  # a push puts another array in its place
        times = (np.arange(self._taken, self._taken + length) / self._rate - self._first) / self._step
        found = np.interp(times, np.arange(len(values)), values).astype(np.float32)
        self._taken += length
        with self._lock:
            gone = min(int((self._taken / self._rate - self._first) / self._step) - 1, len(self._values) - 1)
            if gone > 0:
                self._values = self._values[gone:]
                self._first += gone * self._step
        return found
