"""What devices are called, wherever one is asked for; whether there is one is the caller's to find."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, cast

from styleshift.errors import ConfigError

Kind = Literal["auto", "cpu", "cuda", "mps"]

_DEVICE = re.compile(r"(auto|cpu|cuda|mps)|cuda:([0-9]+)")


class DeviceName(NamedTuple):
    """A device as it is asked for.

    Attributes:
        kind: ``auto`` is the fastest that there is.
        number: of a GPU, from 0; 0 where none is named.
    """

    kind: Kind
    number: int


def parse_device(wanted: str) -> DeviceName:
    """What ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps`` says; asks no hardware.

    Raises:
        ConfigError: it is none of them.
    """
    found = _DEVICE.fullmatch(wanted)
    if found is None:
        raise ConfigError(
            f"device is {wanted!r}; it may be auto, cpu, cuda, cuda:N or mps",
            "leave out `device`, and the fastest that works is taken",
        )
    return DeviceName(cast("Kind", found[1] or "cuda"), int(found[2] or 0))
