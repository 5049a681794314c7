"""Several processes that train one model: one a GPU, on one machine or more, started by ``torchrun``.

Gradients are averaged in one flat all-reduce a backward pass, not by ``DistributedDataParallel``: that wraps
one module whose ``forward`` is called once before each backward pass, while here both generators are called
twice and the discriminators are held still in one pass and trained in the next.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from styleshift.errors import EXIT_SIGTERM, StyleshiftError, UsageError
from styleshift.progress import Reporter
from styleshift.training.ranks import rank_and_world_size

T = TypeVar("T")

TIMEOUT = timedelta(hours=1)
"""Longest that ranks wait for each other, as while one validates. One that dies is noticed at once."""

LOST_AFTER = timedelta(seconds=60)
"""A process is lost whose machine has not answered for this long: it is off, or the network is cut."""

STEP_TIMEOUT = timedelta(minutes=10)
"""Longest that GPUs wait for each other in the middle of a step, of which the first compiles its kernels."""

REMINDER_EVERY = timedelta(minutes=1)
"""Ranks that wait for others to be started say so, each time that this has passed."""


class LostRankError(StyleshiftError):
    """Another process of this training has ended; what was saved is whole, and the run can go on."""

    exit_code = EXIT_SIGTERM


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """The processes of one training, as one of them sees them.

    Attributes:
        rank: of this process, from 0.
        world_size: processes.
        gpus: the group in which tensors of GPUs travel; None: there are none.
    """

    rank: int = 0
    world_size: int = 1
    gpus: Any = None

    @property
    def is_main(self) -> bool:
        """Whether it is this process that writes, validates and reports."""
        return self.rank == 0

    def average_gradients(self, networks: nn.Module) -> None:
        """Replace every gradient by its mean over all processes: that of the whole batch."""
        if self.world_size == 1:
            return
        gradients = [weight.grad for weight in networks.parameters() if weight.grad is not None]
        if not gradients:
            return
        flat = self.mean(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, mean in zip(gradients, torch.split(flat, sizes), strict=True):
            gradient.copy_(mean.view(gradient.shape))

    def _way(self, tensor: Tensor) -> Any:
        return self.gpus if tensor.is_cuda else None

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor of one shape over all processes."""
        if self.world_size == 1:
            return values
        values = values.clone()
        with _noticing_loss():
            dist.all_reduce(values, group=self._way(values))
        return values / self.world_size

    def max(self, value: float) -> float:
        """The largest of a number over all processes, such as a clock that all go by."""
        if self.world_size == 1:
            return value
        number = torch.tensor(value, dtype=torch.float64)
        with _noticing_loss():
            dist.all_reduce(number, dist.ReduceOp.MAX)
        return float(number)

    def any(self, value: bool) -> bool:
        """Whether it is so on any rank; what one knows, such as a signal, all then know at the same step."""
        return self.max(value) > 0

    def broadcast(self, value: T) -> T:
        """What the main process has, on every rank."""
        if self.world_size == 1:
            return value
        box = [value]
        with _noticing_loss():
            dist.broadcast_object_list(box, 0, device=torch.device("cpu"))
        return box[0]

    def broadcast_weights(self, networks: nn.Module) -> None:
        """Take the main process's weights and buffers."""
        if self.world_size == 1:
            return
        self.max(0.0)  # whoever comes last has read its corpus; what GPUs wait is bounded
        with torch.no_grad(), _noticing_loss():
            for value in networks.state_dict().values():
                whole = value.contiguous()
                dist.broadcast(whole, 0, group=self._way(whole))
                value.copy_(whole)

    def gather(self, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        """What every rank has, by rank, on the CPU; empty but on the main one."""
        mine = {name: value.cpu() for name, value in tensors.items()}
        if self.world_size == 1:
            return [mine]
        found: list[Any] = [None] * self.world_size
        with _noticing_loss():
            dist.gather_object(mine, found if self.is_main else None, 0)
        return found if self.is_main else []


@contextmanager
def process_group(device: torch.device, reporter: Reporter | None = None) -> Iterator[ProcessGroup]:
    """The group that ``torchrun`` has started this process in, or a group of one.

    Args:
        device: of this process.
        reporter: hears after :data:`REMINDER_EVERY` how many processes are still waited for, and then now and
            again.

    Raises:
        UsageError: what ``torchrun`` says by ``RANK`` and ``WORLD_SIZE`` is incomplete, or the processes do
            not come together.
    """
    if device.index is not None and device.type == "cuda":
        torch.cuda.set_device(device)  # or page-locked memory and libraries would take the first one too
    rank, size = rank_and_world_size()
    if size == 1:
        yield ProcessGroup()
        return
    where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        store = _meet(rank, size, reporter or Reporter())
        # Signals and figures travel by gloo even where gradients travel by NCCL. In that a rank waits only in
        # the middle of a step that all have begun, so it may soon give up a link that was cut, which it does
        # not notice: it ends the process (TORCH_NCCL_ASYNC_ERROR_HANDLING, on unless somebody turns it off).
        dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=TIMEOUT)
        gpus = dist.new_group(backend="nccl", timeout=STEP_TIMEOUT) if device.type == "cuda" else None
        _end_silent_connections()
    except (RuntimeError, ValueError) as error:  # a port in use, an address that is none, nobody there
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise UsageError(
            f"the {size} processes of this training cannot meet at {where}: {reason}",
            "check that this port is free (torchrun --master-port sets another) and that all were started",
        ) from error
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size(), gpus)
    finally:
        dist.destroy_process_group()


def _end_silent_connections() -> None:
    """Let the kernel (Linux) end connections to machines that are silent for :data:`LOST_AFTER`.

    Left alone it sends again for a quarter of an hour, and never asks where nothing is to be sent; gloo would
    wait for :data:`TIMEOUT`. A process that is busy for longer is not silent: its machine answers, and gloo
    sends it nothing before it asks.
    """
    opened = Path("/proc/self/fd")
    if not (hasattr(socket, "TCP_USER_TIMEOUT") and opened.is_dir()):
        return
    seconds = int(LOST_AFTER.total_seconds())
    options = {
        socket.TCP_KEEPIDLE: max(1, seconds // 3),
        socket.TCP_KEEPINTVL: max(1, seconds // 6),
        socket.TCP_USER_TIMEOUT: 1000 * seconds,
    }
    for number in [int(link.name) for link in opened.iterdir()]:
        with contextlib.suppress(OSError):  # closed by now, as is what listed them
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as connection:
                    if connection.family in (socket.AF_INET, socket.AF_INET6):
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                        for option, value in options.items():
                            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _meet(rank: int, size: int, reporter: Reporter) -> Any:
    """The store in which the processes find each other, once all of them are there.

    PyTorch's own ``env://`` waits for them too, but in silence.

    Raises:
        RuntimeError: the port is in use, or some have not come within :data:`TIMEOUT`.
    """
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    # torchrun keeps the store itself, and numbers the times that it has started all processes again.
    kept = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    is_main = rank == 0 and not kept
    reason = ""

    def connects() -> bool:
        nonlocal reason
        try:
            socket.create_connection((host, port), timeout=5).close()
        except OSError as error:
            reason = error.strerror or str(error)
            return False
        return True

    if not is_main:
        _wait(connects, lambda: f"the first process, which is to be at {host}:{port} ({reason})", reporter)
    made = dist.TCPStore(  # type: ignore[attr-defined]
        host, port, size, is_main, TIMEOUT, wait_for_workers=False, multi_tenant=True
    )
    page = f"styleshift/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
    store = dist.PrefixStore(page, made)  # type: ignore[attr-defined]
    store.add("here", 1)

    def missing() -> str:
        return f"{size - store.add('here', 0)} of the {size} processes of this training"

    _wait(lambda: store.add("here", 0) >= size, missing, reporter)
    return store


def _wait(come: Callable[[], bool], whom: Callable[[], str], reporter: Reporter) -> None:
    """Until ``come()``, saying now and again for ``whom()``; RuntimeError after :data:`TIMEOUT`."""
    began = spoke = time.monotonic()
    while not come():
        now = time.monotonic()
        if now - began > TIMEOUT.total_seconds():
            raise RuntimeError(f"waited {TIMEOUT} for {whom()}")
        if now - spoke >= REMINDER_EVERY.total_seconds():
            spoke = now
            reporter.warn(f"still waiting for {whom()}; Ctrl-C ends this one")
        time.sleep(0.1)


def local_device(device: torch.device, environment: Mapping[str, str] = os.environ) -> torch.device:
    """The GPU of this process where ``torchrun`` started several on this machine."""
    if str(device) != "cuda" or "LOCAL_RANK" not in environment:
        return device
    return torch.device("cuda", int(environment["LOCAL_RANK"]))


@contextmanager
def _noticing_loss() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # gloo and NCCL both raise this kind
        reason = str(error).splitlines()[0][:120]
        raise LostRankError(
            f"another process of this training has ended or no longer answers ({reason})",
            "see the messages of the other processes",
        ) from error
