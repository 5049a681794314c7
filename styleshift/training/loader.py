"""Batches ahead of time: a thread draws the next ones while a step is taken."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from styleshift.system.prefetch import prefetch
from styleshift.training.data import Batch, BatchSource
from styleshift.training.device import page_locked

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
        ahead: draw ahead in a thread; without, batches are drawn when they are asked for.
        augment: varies each batch further.

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
        ahead: bool = True,
        augment: Callable[[Batch, torch.Generator], Batch] | None = None,
    ) -> None:
        self._source, self._count, self._seed = source, count, seed
        self._device, self._ahead, self._augment = device, ahead, augment
        self._used = (0, source.state_dict())
        self._batches: Generator[tuple[Batch, tuple[int, Any]]] | None = None
        self.waited = 0.0

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        """The next batch; raises whatever drawing it raised."""
        # A batch that is made on a GPU which is still at its last step is waited for by nobody.
        here = self._ahead or self._device.type != "cuda"
        idle = here or torch.cuda.current_stream(self._device).query()
        began = time.perf_counter()
        if self._batches is None:
            self._batches = prefetch(self._draw(), PREFETCH) if self._ahead else self._draw()
        batch, self._used = next(self._batches)
        self.waited += (time.perf_counter() - began) * idle
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on after the last batch that was used; fit for JSON."""
        return {"drawn": self._used[0], "source": self._used[1]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the loader that gave this state, before the first batch is asked for."""
        assert self._batches is None
        self._source.load_state_dict(state["source"])
        self._used = (int(state["drawn"]), state["source"])

    def close(self) -> None:
        """End the thread; :meth:`__next__` may not be called any more."""
        if self._batches is not None:
            self._batches.close()

    def _draw(self) -> Generator[tuple[Batch, tuple[int, Any]]]:
        """Batches, each with its number and the state of the source after it."""
        for number in itertools.count(self._used[0]):
            (seed,) = np.random.SeedSequence([*self._seed, number]).generate_state(1, np.uint64)
            random = torch.Generator().manual_seed(int(seed >> np.uint64(1)))
            batch = self._source.batch(self._count, random)
            if self._augment is not None:
                batch = self._augment(batch, random)
            drawn = batch.moved(partial(page_locked, device=self._device))
            yield drawn, (number + 1, self._source.state_dict())
