"""Past fakes, so that a discriminator does not forget what it has learned."""

from __future__ import annotations

import torch
from torch import Tensor


class ReplayBuffer:
    """Gives half of the fakes back at once, half in exchange for older ones (Shrivastava et al. 2017, 2.3).

    What is exchanged is drawn on the CPU, by :meth:`draw`; the exchange itself has one shape and asks the CPU
    nothing, so that it can be part of a captured step.

    Args:
        size: fakes kept; 0 gives every fake back at once.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._count = 0
        self._places: Tensor | None = None  # [size + 1, 1, bins, frames]; the last is for what is not kept

    @property
    def kept(self) -> Tensor | None:
        """``[n, 1, bins, frames]``, in the order of their places; None where there are none yet."""
        return None if self._places is None else self._places[: self._count]

    def load(self, kept: Tensor | None) -> None:
        """Go on with what :attr:`kept` gave."""
        self._count, self._places = 0, None
        if kept is not None:
            self._make_places(kept)[: len(kept)] = kept
            self._count = len(kept)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """What :meth:`exchange` is to do with the next ``count`` fakes.

        Returns:
            ``[4, count]`` int64 on the CPU. For each fake that comes out: the place it comes from, the fake
            of this batch that it is, and 1 where it comes from a place. For each that goes in: its place.
        """
        now: dict[int, int] = {}  # of a place that this batch has written to, by which fake
        rows = []
        for fake in range(count):
            if not self.size:
                rows.append((0, fake, 0))
            elif self._count < self.size:
                rows.append((0, fake, 0))
                now[self._count] = fake
                self._count += 1
            elif torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=generator))
                rows.append((0, now[place], 0) if place in now else (place, fake, 1))
                now[place] = fake
            else:
                rows.append((0, fake, 0))
        goes = dict.fromkeys(range(count), self.size) | {fake: place for place, fake in now.items()}
        return torch.tensor([*zip(*rows, strict=True), tuple(goes.values())])

    def exchange(self, fakes: Tensor, drawn: Tensor) -> Tensor:
        """Put ``[n, 1, bins, frames]`` in and get as many out, without gradients.

        Args:
            fakes: of this batch.
            drawn: for them, by :meth:`draw`, on their device.
        """
        fakes = fakes.detach()
        if not self.size:
            return fakes
        places = self._make_places(fakes) if self._places is None else self._places
        place, fake, older, goes = drawn
        given = torch.where(older.bool().view(-1, 1, 1, 1), places[place], fakes[fake])
        places.index_copy_(0, goes, fakes)
        return given

    def _make_places(self, like: Tensor) -> Tensor:
        self._places = like.new_zeros(self.size + 1, *like.shape[1:])
        return self._places
