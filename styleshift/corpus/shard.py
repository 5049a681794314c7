"""How several processes share one sequence of crops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of every draw is this process's own.

    All that draw from one state draw the crops of all, and each keeps its part: so those of n processes
    together are the ones that a single process would draw at n times the batch.

    Attributes:
        rank: of this process, from 0 to less than ``world_size``.
        world_size: equal parts of each draw, one a process.
    """

    rank: int = 0
    world_size: int = 1

    def total(self, count: int) -> int:
        """Crops to be drawn for ``count`` of each process."""
        return count * self.world_size

    def own(self, count: int) -> slice:
        """Where among them this process's ``count`` are."""
        return slice(self.rank * count, (self.rank + 1) * count)
