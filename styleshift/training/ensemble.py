"""Several generators that answer as one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Ensemble(nn.Module):
    """The mean of what several generators make of the same spectrogram.

    What a generator invents without a pair to learn from differs from seed to seed: faint notes, noise
    between partials, flicker. What its material taught it is the same in all, and stays (deep ensembles,
    Lakshminarayanan, Pritzel and Blundell 2017). The mean of log magnitudes is taken: of magnitudes, the
    geometric one.

    Args:
        members: from log magnitudes ``[batch, 1, bin, frame]`` to the same.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """See the class."""
        first, *rest = (member(log_magnitude) for member in self.members)
        mean: Tensor = sum(rest, start=first) / len(self.members)
        return mean
