"""A training step captured as a CUDA graph.

A step of a small model is thousands of short kernels, and a GPU waits for each to be launched. Captured once
and replayed, all are launched at one stroke (Nguyen et al. 2021, "Accelerating PyTorch with CUDA Graphs").
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import torch
from torch import Tensor

from styleshift.progress import Reporter
from styleshift.training.inputs import Phase, StepInputs
from styleshift.training.state import TrainingState
from styleshift.training.step import Losses, take_step

WARM_UP = 3
"""Steps of each phase that are taken one kernel at a time before it is captured: what libraries set up at
their first calls may not be part of a graph. They are steps of the training like all others."""


class Recorder(Protocol):
    """What captures work on a device; :class:`CudaRecorder`."""

    def warm_up(self, work: Callable[[], None]) -> None:
        """Do it as it will be captured, but for capturing."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Capture it without doing it; the result does it."""


class CudaRecorder:
    """CUDA graphs of one device, captured on a stream of their own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def warm_up(self, work: Callable[[], None]) -> None:
        """See :class:`Recorder`."""
        outside = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(outside)
        with torch.cuda.stream(self._stream):
            work()
        outside.wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """See :class:`Recorder`."""
        graph, memory = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
        outside = torch.cuda.current_stream(self._device)
        failed: list[Exception] = []
        try:
            # The thread that draws crops locks memory meanwhile, which must not end the capture.
            with torch.cuda.graph(graph, memory, self._stream, capture_error_mode="thread_local"):
                try:
                    work()
                except Exception as error:
                    failed.append(error)
                    raise
        except BaseException as error:
            # PyTorch leaves the stream as it is and, before 2.13, takes memory as if the capture went on, so
            # that none that is cached would ever be given back.
            torch.cuda.set_stream(outside)
            with suppress(Exception):  # it is no function of its public ones
                torch._C._cuda_endAllocateToPool(self._device.index, memory)
            # To end a capture in which something failed is an error of its own.
            raise (failed[0] if failed else error) from None
        return graph.replay


class CapturedSteps:
    """Takes steps as :func:`styleshift.training.step.take_step` does, from the fourth of a phase on captured.

    Where capturing fails, that is told once, and steps go on one kernel at a time.

    Args:
        recorder: of the device.
        reporter: who is told.

    Attributes:
        captured: the phase whose graph is replayed now; None where there is none.
    """

    def __init__(self, recorder: Recorder, reporter: Reporter) -> None:
        self._recorder, self._reporter = recorder, reporter
        self._phase: Phase | None = None
        self._warmed_up = 0
        self._failed = False
        self._standing: dict[str, Tensor] = {}
        self._replay: Callable[[], None] | None = None
        self._names: list[str] = []
        self._losses: Tensor | None = None

    @property
    def captured(self) -> Phase | None:
        """The phase whose graph is replayed now; None where there is none."""
        return self._phase if self._replay else None

    def __call__(self, state: TrainingState, inputs: StepInputs) -> Losses:
        """One step on what is prepared."""
        if self._failed:
            return take_step(state, inputs)
        if inputs.phase != self._phase:
            self._forget(state)
            self._phase = inputs.phase
        if self._warmed_up < WARM_UP:
            self._warmed_up += 1
            self._recorder.warm_up(lambda: self._take(state, inputs))
        else:
            if self._replay is None and not self._capture(state, inputs):
                return take_step(state, inputs)
            assert self._replay is not None
            inputs.fill(self._standing)
            self._replay()
        assert self._losses is not None
        # The next replay writes over them.
        return dict(zip(self._names, self._losses.clone().unbind(), strict=True))

    def _take(self, state: TrainingState, inputs: StepInputs) -> None:
        losses = take_step(state, inputs)
        self._names, self._losses = list(losses), torch.stack(list(losses.values()))

    def _capture(self, state: TrainingState, inputs: StepInputs) -> bool:
        self._standing = {
            name: torch.empty(value.shape, dtype=value.dtype, device=state.device)
            for name, value in inputs.values.items()
        }
        standing = StepInputs(inputs.phase, self._standing)
        _drop_gradients(state)  # so that the graph has its own, where it will find them again
        try:
            self._replay = self._recorder.record(lambda: self._take(state, standing))
        except Exception as error:  # whatever a network of a plugin does that cannot be captured
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self._reporter.warn(
                f"the training step cannot be captured as a CUDA graph ({reason}); training goes on without, "
                "more slowly"
            )
            self._forget(state)
            self._failed = True
        return not self._failed

    def _forget(self, state: TrainingState) -> None:
        self._replay, self._losses, self._warmed_up = None, None, 0
        self._standing = {}
        _drop_gradients(state)


def _drop_gradients(state: TrainingState) -> None:
    state.generator_optimiser.zero_grad(set_to_none=True)
    state.discriminator_optimiser.zero_grad(set_to_none=True)


def choose_steps(state: TrainingState, reporter: Reporter) -> Callable[[TrainingState, StepInputs], Losses]:
    """What takes the steps of a run: captured ones on one CUDA device, unless the recipe says otherwise."""
    if state.device.type != "cuda" or not state.recipe.schedule.cuda_graph or state.group.world_size > 1:
        return take_step
    return CapturedSteps(CudaRecorder(state.device), reporter)
