"""Which device a model can really run on: asked of the hardware, not of the packages."""

from __future__ import annotations

import ctypes
import platform
from functools import lru_cache

from styleshift.errors import ConfigError
from styleshift.system.device import parse_device


@lru_cache(maxsize=1)
def cuda_devices() -> int:
    """How many CUDA devices the driver of this machine offers; 0 without a driver. Creates no context."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def has_mps() -> bool:
    """Whether this is a Mac with Apple silicon, whose GPU is ``mps``; PyTorch is built for no other Mac."""
    return (platform.system(), platform.machine()) == ("Darwin", "arm64")


def resolve_device(wanted: str) -> str:
    """``auto`` becomes ``cuda`` where there is one, else ``cpu``; anything else is checked.

    Raises:
        ConfigError: no such device, or not on this machine.
    """
    kind, number = parse_device(wanted)
    if kind == "auto":
        return "cuda" if cuda_devices() else "cpu"
    if kind == "cuda" and number >= cuda_devices():
        found = cuda_devices()
        there = f"the last is cuda:{found - 1}" if found else "the NVIDIA driver shows none"
        raise ConfigError(f"this machine has no device {wanted}: {there}", "use `device=auto`")
    if kind == "mps" and not has_mps():
        raise ConfigError(
            "this machine has no device mps: it is no Mac with Apple silicon", "use `device=auto`"
        )
    return wanted
