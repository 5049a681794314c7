"""Which device a model can really run on: asked of the hardware, not of the packages."""

from __future__ import annotations

import ctypes
import re
from functools import lru_cache

from styleshift.errors import ConfigError

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


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


def resolve_device(wanted: str) -> str:
    """``auto`` becomes ``cuda`` where there is one, else ``cpu``; anything else is checked.

    Raises:
        ConfigError: no such device, or not on this machine.
    """
    if not _DEVICE.fullmatch(wanted):
        raise ConfigError(f"device is {wanted!r}; it may be auto, cpu, cuda, cuda:N or mps")
    if wanted == "auto":
        return "cuda" if cuda_devices() else "cpu"
    if wanted.startswith("cuda"):
        index = int(wanted[5:] or 0)
        if index >= cuda_devices():
            found = cuda_devices()
            there = f"there are {found}" if found else "the NVIDIA driver shows none"
            raise ConfigError(f"this machine has no device {wanted}: {there}", "use `device=auto`")
    return wanted
