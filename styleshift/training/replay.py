"""Past fakes, so that a discriminator does not forget what it has learned."""

from __future__ import annotations

import torch
from torch import Tensor


class ReplayBuffer:
    """Gives half of the fakes back at once, half in exchange for older ones (Shrivastava et al. 2017, 2.3).

    Args:
        size: fakes kept; 0 gives every fake back at once.
    """

    def __init__(self, size: int) -> None:
        self.world_size = size
        self.kept: list[Tensor] = []

    def exchange(self, fakes: Tensor, generator: torch.Generator) -> Tensor:
        """Put ``[n, 1, bins, frames]`` in and get as many out, without gradients."""
        fakes = fakes.detach()
        if not self.world_size:
            return fakes
        given = []
        for fake in fakes:
            if len(self.kept) < self.world_size:
                self.kept.append(fake.clone())
                given.append(fake)
            elif torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(self.world_size, (), generator=generator))
                given.append(self.kept[place])
                self.kept[place] = fake.clone()
            else:
                given.append(fake)
        return torch.stack(given)
