"""Captured steps: when they are captured, what happens where they cannot be, and that the bits stay.

With a stand-in for CUDA graphs, which there are on a GPU alone: what it records it does when it is replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from reporters import Told
from torch import Tensor

from styleshift.recipes import Recipe
from styleshift.training.data import Batch, Statistics
from styleshift.training.graph import WARM_UP, CapturedSteps, CudaRecorder, choose_steps
from styleshift.training.inputs import Phase, StepInputs
from styleshift.training.model import CycleGAN
from styleshift.training.state import TrainingState
from styleshift.training.step import Losses, take_step, train_step

Tiny = Callable[..., Recipe]
SETTINGS = (
    *("schedule.steps=16", "warm_start.share=0.4", "warm_start.weight=1", "optimiser.replay_buffer=3"),
    *("optimiser.ema_decay=0.9", "loss.cycle_noise=0.1", "loss.identity=2", "loss.identity_until=0.9"),
)


class StandIn:
    """Does what it recorded when it is replayed; ``broken`` captures fail."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.calls: list[str] = []

    def warm_up(self, work: Callable[[], None]) -> None:
        self.calls.append("warm up")
        work()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        self.calls.append("record")
        if self.broken:
            raise RuntimeError(f"{self.broken}\nand a stack")

        def replay() -> None:
            self.calls.append("replay")
            work()

        return replay


def begin(recipe: Recipe) -> TrainingState:
    torch.manual_seed(0)
    mean = torch.full((65,), 3.0)
    return TrainingState(
        recipe, CycleGAN(recipe, Statistics(mean, 1.5, 2.0, 8.0), Statistics(mean + 1, 1.5, 2.0, 8.0)), 0
    )


def train(
    state: TrainingState, take: Callable[[TrainingState, StepInputs], Losses], steps: int
) -> list[Losses]:
    found = []
    for _ in range(steps):
        random = torch.Generator().manual_seed(state.step)
        x, y, *likes = (3 + torch.randn(2, 1, 65, 64, generator=random).abs() for _ in range(4))
        assert state.bands is not None
        matched = {"x2y": state.bands(likes[0]), "y2x": state.bands(likes[1])}
        found.append(train_step(state, Batch(x, y, matched_bands=matched), take))
    return found


def bits(state: TrainingState) -> list[Tensor]:
    return list(state.model.state_dict().values())


def same(one: TrainingState, other: TrainingState) -> bool:
    return all(torch.equal(mine, theirs) for mine, theirs in zip(bits(one), bits(other), strict=True))


def test_captured_steps_give_the_bits_of_plain_ones(tiny_recipe: Tiny) -> None:
    plain, captured = (begin(tiny_recipe(*SETTINGS)) for _ in range(2))
    recorder, told = StandIn(), Told()
    wanted, found = train(plain, take_step, 16), train(captured, CapturedSteps(recorder, told), 16)
    assert same(plain, captured)
    assert [list(losses) for losses in found] == [list(losses) for losses in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        assert [float(value) for value in mine.values()] == [float(value) for value in theirs.values()]
    # 0.4 of 16 steps warm the model up; from 0.9 on the identity loss is gone, and its graph with it.
    eager = ["warm up"] * WARM_UP
    first, second, third = 7 - WARM_UP, 8 - WARM_UP, 0
    wanted_calls = [*eager, "record", *["replay"] * first, *eager, "record", *["replay"] * second]
    assert recorder.calls == [*wanted_calls, "warm up"] + ["replay"] * third
    assert told.warnings == []


def test_the_phase_that_is_captured_can_be_asked(tiny_recipe: Tiny) -> None:
    state, steps = begin(tiny_recipe(*SETTINGS)), CapturedSteps(StandIn(), Told())
    seen = []
    for _ in range(12):
        train(state, steps, 1)
        seen.append(steps.captured)
    none, warm, later = None, Phase(True, False), Phase(False, True)
    assert seen == [none] * 3 + [warm] * 4 + [none] * 3 + [later] * 2


def test_a_captured_step_reads_where_it_was_captured(tiny_recipe: Tiny) -> None:
    """The crops, choices and weights of later steps are copied there, and nothing else changes its place."""
    state, seen = begin(tiny_recipe(*SETTINGS)), []

    class Seeing(StandIn):
        def record(self, work: Callable[[], None]) -> Callable[[], None]:
            steps._take = lambda state, inputs: (seen.append(inputs), honest(state, inputs))[1]  # type: ignore[method-assign]
            return super().record(work)

    steps = CapturedSteps(Seeing(), Told())
    honest = steps._take
    train(state, steps, 7)
    assert len(seen) == 4
    assert all(inputs is seen[0] for inputs in seen)
    assert set(seen[0].values) == {"x", "y", "matched_bands.x2y", "matched_bands.y2x", "average"}


def test_where_it_cannot_be_captured_training_goes_on_and_says_why(tiny_recipe: Tiny) -> None:
    plain, captured = (begin(tiny_recipe(*SETTINGS)) for _ in range(2))
    recorder, told = StandIn("operation not permitted when stream is capturing"), Told()
    train(plain, take_step, 16)
    train(captured, CapturedSteps(recorder, told), 16)
    assert same(plain, captured)
    assert recorder.calls == ["warm up"] * WARM_UP + ["record"]  # and never again
    assert told.warnings == [
        "the training step cannot be captured as a CUDA graph (operation not permitted when stream is "
        "capturing); training goes on without, more slowly"
    ]


def test_a_capture_that_fails_leaves_neither_stream_nor_memory_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As PyTorch's does: its stream stays the current one, and its memory counts as being captured.

    Told is what went wrong first: not that such a capture cannot be ended, nor what was caught on the way.
    """
    left: list[object] = []

    @contextmanager
    def capture(graph: object, pool: object, stream: object, **_: object) -> Iterator[None]:
        assert (pool, stream) == ("pool", "its own stream")
        try:
            yield
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    stand_ins = {
        "Stream": lambda device: "its own stream",
        "CUDAGraph": object,
        "graph_pool_handle": lambda: "pool",
        "current_stream": lambda device: "the one before",
        "graph": capture,
        "set_stream": left.append,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    end = "_cuda_endAllocateToPool"
    monkeypatch.setattr(torch._C, end, lambda *given: left.append(given), raising=False)

    def work() -> None:
        try:
            raise KeyError("not computed yet")
        except KeyError:
            raise ValueError("asked the device for a number")  # noqa: B904

    with pytest.raises(ValueError, match="asked the device for a number"):
        CudaRecorder(torch.device("cuda", 1)).record(work)
    assert left == ["the one before", (1, "pool")]


def test_a_step_that_fails_fails_as_it_would_without(tiny_recipe: Tiny) -> None:
    """Before the capture, and where it is captured; the discriminators learn again after it."""
    state = begin(tiny_recipe(*SETTINGS))

    def broken(*_: object) -> None:
        raise ValueError("no such thing")

    handle = state.model.translator("x2y").core.register_forward_hook(broken)
    with pytest.raises(ValueError, match="no such thing"):
        train(state, CapturedSteps(StandIn(), Told()), 1)
    assert all(weight.requires_grad for weight in state.model.discriminators.parameters())
    handle.remove()
    train(state, CapturedSteps(StandIn(), Told()), 1)
    assert state.step == 1


def test_on_a_processor_steps_are_plain(tiny_recipe: Tiny) -> None:
    assert choose_steps(begin(tiny_recipe(*SETTINGS)), Told()) is take_step


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
def test_on_a_gpu_the_bits_are_those_of_plain_steps(tiny_recipe: Tiny) -> None:
    states = []
    for setting in ("true", "false"):
        recipe = tiny_recipe(*SETTINGS, f"schedule.cuda_graph={setting}")
        torch.manual_seed(0)
        mean = torch.full((65,), 3.0)
        x, y = (Statistics(mean + side, 1.5, 2.0, 8.0) for side in (0, 1))
        state, told = TrainingState(recipe, CycleGAN(recipe, x, y).to("cuda"), 0), Told()
        train(state, choose_steps(state, told), 16)
        assert told.warnings == []
        states.append(state)
    assert same(*states)
