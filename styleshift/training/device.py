"""Which processor trains."""

from __future__ import annotations

import torch

from styleshift.errors import ConfigError


def computes_bfloat16(device: torch.device) -> bool:
    """The device multiplies bfloat16 matrices in hardware: AVX-512 BF16 or AMX, or a GPU from Ampere on."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def choose_device(wanted: str) -> torch.device:
    """The device of that name.

    Args:
        wanted: ``auto`` (the first there is of cuda, mps, cpu), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        ConfigError: no device has that name, or this machine has none of the kind.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, colon, number = wanted.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (colon and not (kind == "cuda" and number.isdecimal())):
        raise ConfigError(f"device is {wanted!r}; it may be auto, cpu, cuda, cuda:N or mps")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "device is 'cuda', but PyTorch finds no GPU here", "leave --device out, or say --device cpu"
        )
    if number and int(number) >= torch.cuda.device_count():
        raise ConfigError(f"device is {wanted!r}, but there are only {torch.cuda.device_count()} GPUs")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError(
            "device is 'mps', but this machine has none", "leave --device out, or say --device cpu"
        )
    return torch.device(wanted)
