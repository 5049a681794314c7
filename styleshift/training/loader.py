"""Batches ahead of time: a thread draws the next ones while a step is taken."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from styleshift.training.data import Batch, BatchSource

PREFETCH = 2
"""Batches that are ready at most, beside the one in use: enough to hide an uneven disk."""


class BatchLoader:
    """The batches of a run, in an order that is the same however far ahead they are drawn.

    Every batch has random numbers of its own, from the seed and its place in the run, so that drawing ahead
    takes nothing from anybody else's; and every batch brings along the state that its source had right after
    it. A checkpoint so holds the state of the batches that were used, not of those that were drawn.

    Args:
        source: of batches; belongs to the loader from now on.
        count: crops a domain.
        seed: of the run; of the rank too, where there are several.
        device: CUDA gets batches from page-locked memory, which it reads without waiting.
        prefetch: draw ahead in a thread; without, batches are drawn when they are asked for.

    Attributes:
        waited: seconds that :meth:`__next__` kept the device waiting so far.
    """

    def __init__(
        self,
        source: BatchSource,
        count: int,
        seed: tuple[int, ...],
        device: torch.device,
        *,
        prefetch: bool = True,
    ) -> None:
        self._source, self._count, self._seed = source, count, seed
        self._device, self._pinned = device, device.type == "cuda"
        self._prefetch = prefetch
        self._used = (0, source.state_dict())
        self._ready: queue.Queue[tuple[Batch, tuple[int, Any]] | Exception] = queue.Queue(PREFETCH)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.waited = 0.0

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        """The next batch; raises whatever drawing it raised."""
        # A batch that is made on a GPU which is still at its last step is waited for by nobody.
        idle = self._prefetch or not self._pinned or torch.cuda.current_stream(self._device).query()
        began = time.perf_counter()
        if self._prefetch:
            if self._thread is None:
                self._thread = threading.Thread(target=self._fill, name="crops", daemon=True)
                self._thread.start()
            drawn = self._ready.get()
            if isinstance(drawn, Exception):
                raise drawn
        else:
            drawn = self._draw(self._used[0])
        batch, self._used = drawn
        self.waited += (time.perf_counter() - began) * idle
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on after the last batch that was used; fit for JSON."""
        return {"drawn": self._used[0], "source": self._used[1]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the loader that gave this state, before the first batch is asked for."""
        assert self._thread is None
        self._source.load_state_dict(state["source"])
        self._used = (int(state["drawn"]), state["source"])

    def close(self) -> None:
        """End the thread; :meth:`__next__` may not be called any more."""
        self._stop.set()
        if self._thread is not None:
            while self._thread.is_alive():
                with contextlib.suppress(queue.Empty):
                    self._ready.get(timeout=0.05)
            self._thread.join()

    def _draw(self, number: int) -> tuple[Batch, tuple[int, Any]]:
        (seed,) = np.random.SeedSequence([*self._seed, number]).generate_state(1, np.uint64)
        random = torch.Generator().manual_seed(int(seed >> np.uint64(1)))
        batch = self._source.batch(self._count, random)
        if self._pinned and batch.x.device.type == "cpu":
            matched = {direction: bands.pin_memory() for direction, bands in batch.matched.items()}
            batch = replace(batch, x=batch.x.pin_memory(), y=batch.y.pin_memory(), matched=matched)
        return batch, (number + 1, self._source.state_dict())

    def _fill(self) -> None:
        number = self._used[0]
        while not self._stop.is_set():
            try:
                drawn = self._draw(number)
            except Exception as error:
                self._ready.put(error)
                return
            self._ready.put(drawn)
            number += 1
