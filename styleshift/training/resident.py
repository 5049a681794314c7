"""A whole corpus on the device: its crops are cut there, and none is ever waited for."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from styleshift.corpus import CropSampler
from styleshift.training.device import sent

SHARE_OF_FREE = 0.25
"""Of the device's free memory that both corpora may take; the rest is for networks and their activations."""

BYTES = 4
"""A value on the device is float32, scaled already, so that crops are those of the sampler, bit for bit."""


class ResidentCrops:
    """Gives the crops that a sampler would, as tensors on a device.

    Args:
        sampler: of a corpus; keeps drawing the places.
        device: where the corpus is copied to.
    """

    def __init__(self, sampler: CropSampler, device: torch.device) -> None:
        self._sampler, self._device = sampler, device
        self._firsts = [0]
        for index in range(sampler.stretches):
            self._firsts.append(self._firsts[-1] + sampler.length(index))
        # One block, filled stretch by stretch: nothing is there twice.
        self._frames: Tensor = torch.empty(self._firsts[-1], sampler.bins, device=device)
        for index, (first, end) in enumerate(pairwise(self._firsts)):
            self._frames[first:end] = torch.from_numpy(sampler.whole(index)).to(device)

    def batch(self, count: int, part: int = 0, parts: int = 1) -> Tensor:
        """See :class:`styleshift.training.data.Crops`; on the device."""
        places = self._sampler.places(count, part, parts)
        starts = torch.tensor([self._firsts[stretch] + start for stretch, start in places])
        rows = sent(starts, self._device)[:, None] + torch.arange(self._sampler.frames, device=self._device)
        cut = self._frames[rows]  # [count, frames, bins]
        return cut.transpose(1, 2)[:, None].contiguous()

    def state_dict(self) -> dict[str, Any]:
        """See :class:`styleshift.training.data.Crops`."""
        return self._sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See :class:`styleshift.training.data.Crops`."""
        self._sampler.load_state_dict(state)


def resident_bytes(sampler: CropSampler) -> int:
    """What the corpus of a sampler takes on a device."""
    return BYTES * sampler.bins * sum(sampler.length(index) for index in range(sampler.stretches))


def fits(samplers: list[CropSampler], device: torch.device) -> bool:
    """The corpora fit into a GPU's memory beside a training.

    On a CPU this is False: the memory-mapped files are in its memory already, as float16, where the system's
    file cache has room for them.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return sum(resident_bytes(sampler) for sampler in samplers) <= SHARE_OF_FREE * free
