"""Which process of a training this is, by what ``torchrun`` puts into the environment; needs no PyTorch."""

from __future__ import annotations

import os
from collections.abc import Mapping

from styleshift.errors import UsageError

_HOW = "start all processes with torchrun, or, for a training of one process: unset RANK WORLD_SIZE"


def rank_and_world_size(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The rank of this process, from 0, and how many there are; ``(0, 1)`` where nothing is said.

    Args:
        environment: ``RANK`` and ``WORLD_SIZE``, and where there are several processes ``MASTER_ADDR`` and
            ``MASTER_PORT``, where they meet.

    Raises:
        UsageError: one of them is missing or is no number that fits the others.
    """
    given = {name: environment.get(name, "") for name in ("RANK", "WORLD_SIZE")}
    if not any(given.values()):
        return 0, 1
    for name, text in given.items():
        if not text:
            other = next(key for key in given if key != name)
            raise UsageError(f"{other} is set to {given[other]!r}, but {name} is not set", _HOW)
        if not text.isdecimal():
            raise UsageError(f"{name} is {text!r}; it must be a whole number", _HOW)
    rank, size = int(given["RANK"]), int(given["WORLD_SIZE"])
    if rank >= size:
        raise UsageError(f"RANK is {rank}, but WORLD_SIZE is {size}; ranks count from 0", _HOW)
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        if size > 1 and not environment.get(name):
            raise UsageError(f"WORLD_SIZE is {size}, but {name} is not set", _HOW)
    return rank, size
