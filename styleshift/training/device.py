"""Which processor trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from styleshift.errors import ConfigError
from styleshift.networks.kernels import gpu_problem
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.system.device import parse_device

if TYPE_CHECKING:
    from styleshift.training.model import CycleGAN


def computes_bfloat16(device: torch.device) -> bool:
    """The device multiplies bfloat16 matrices in hardware: AVX-512 BF16 or AMX, or a GPU from Ampere on."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def settle_arithmetic(recipe: Recipe) -> None:
    """How an NVIDIA GPU computes; the one place that says so.

    Whether it may round what it multiplies in float32 to TF32 is the recipe's to say; PyTorch's own choice is
    yes for convolutions and no for matrix products. Convolutions add up in one order, and which of several
    programs computes one is not decided by a race, so that a run that is resumed ends with the bits of one
    that was not interrupted. Products of bfloat16 matrices are added up in float32 throughout.
    """
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_tf32 = recipe.schedule.tf32
    torch.backends.cudnn.allow_tf32 = recipe.schedule.tf32


@contextmanager
def enough_memory(recipe: Recipe) -> Iterator[None]:
    """Inside, a GPU whose memory is too small is told with the settings that say how much is taken.

    Raises:
        ConfigError: that.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        batch, frames = recipe.schedule.batch, recipe.data.crop_frames
        seconds = frames / recipe.spectrogram.frame_rate
        raise ConfigError(
            f"the GPU's memory is too small for {batch} crop{'s' * (batch > 1)} of {seconds:.1f} s a step "
            f"with the networks of recipe {recipe.name}",
            (f"fewer crops: `schedule.batch={batch // 2}`; " if batch > 1 else "")
            + f"shorter ones: `data.crop_frames={max(16, frames // 32 * 16)}`; or end what else uses the GPU",
        ) from error


def sent(value: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device. To a GPU it goes from page-locked memory, and the CPU does not wait for it."""
    return page_locked(value, device).to(device, non_blocking=True)


def page_locked(value: Tensor, device: torch.device) -> Tensor:
    """A copy that a GPU can read by itself, of a tensor that is to go from the CPU to one; else the same."""
    if device.type != "cuda" or value.device.type != "cpu" or value.is_pinned():
        return value
    return value.pin_memory()


@contextmanager
def exact_products(device: torch.device) -> Iterator[None]:
    """Inside, matrix products of float32 values on this device are not rounded to TF32.

    The setting is one for all threads, so one that computes on the CPU beside a training leaves it alone.
    """
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def tell_kernels(device: torch.device, reporter: Reporter) -> None:
    """Say so where an NVIDIA GPU trains without our own kernels."""
    if device.type == "cuda" and (reason := gpu_problem()):
        reporter.warn(f"norms and activations are not fused on this GPU ({reason}); steps take longer")


def compile_networks(model: CycleGAN, reporter: Reporter) -> None:
    """Have ``torch.compile`` fuse what lies between the convolutions; say so where it cannot.

    Measured on two cores of Zen 4 with the recipe ``small`` in bfloat16: no faster, and a minute to compile.
    So it is off unless a recipe asks for it.
    """
    device = next(model.parameters()).device
    try:
        # A trial: what is missing, such as a C++ compiler, is found out here and not in the first step.
        torch.compile(_trial, dynamic=False)(torch.zeros(64, device=device))
    except Exception as error:  # it calls compilers, so anything may come
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        reporter.warn(
            f"schedule.compile: torch.compile cannot be used here ({reason}); training continues without it"
        )
        return
    for translator in model.translators.values():
        assert isinstance(translator.core, nn.Module)
        translator.core.compile(dynamic=False)
    for discriminator in model.discriminators.values():
        discriminator.compile(dynamic=False)


def _trial(values: Tensor) -> Tensor:
    return values.sin() + 1


def choose_device(wanted: str) -> torch.device:
    """The device of that name.

    Args:
        wanted: ``auto`` (the first there is of cuda, mps, cpu), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        ConfigError: no device has that name, or this machine has none of the kind.
    """
    kind, number = parse_device(wanted)
    if kind == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device is {wanted!r}, but PyTorch finds no GPU here", "leave out `device`, or use `device=cpu`"
        )
    if kind == "cuda" and number >= (found := torch.cuda.device_count()):
        raise ConfigError(
            f"device is {wanted!r}, but the last GPU here is cuda:{found - 1}",
            "leave out `device`, or use `device=cuda`",
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError(
            "device is 'mps', but this machine has none", "leave out `device`, or use `device=cpu`"
        )
    return torch.device(wanted)


def describe_device(device: torch.device, processes: int) -> str:
    """What trains, in words; the first of so many processes."""
    name = str(device)
    if device.type == "cuda":
        name = f"{device} ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        threads = torch.get_num_threads()
        name = f"cpu ({threads} thread{'s' * (threads != 1)})"
    return name if processes == 1 else f"{processes} processes, the first on {name}"
