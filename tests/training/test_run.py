"""Runs as a user has them: from spectrograms to checkpoints, stopped, gone on with, gone wrong."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from reporters import Told

from styleshift.errors import (
    CheckpointError,
    ConfigError,
    CorpusError,
    LockedError,
    NothingToDoError,
    PluginError,
    TrainingError,
    UsageError,
)
from styleshift.progress import Reporter, Task
from styleshift.recipes import Recipe
from styleshift.system.interrupt import Interrupted
from styleshift.system.lock import file_lock
from styleshift.training import run as run_module
from styleshift.training import step as step_module
from styleshift.training.checkpoint import load_trained
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.run import find_run, resume_run, start_run
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")
EVERYTHING = (
    "optimiser.ema_decay=0.9",
    "optimiser.replay_buffer=3",
    "optimiser.frame_mask=0.3",
    "loss.second_adversarial=1",
    "loss.cycle_noise=0.1",
    "loss.identity=2",
    "loss.identity_until=0.8",
    "data.gain_db=3",
)


def last_tensors(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, object]]:
    tensors, values = read(CheckpointFolder(folder / "checkpoints").last())
    return tensors, {key: values[key] for key in ("step", "scalars", "source")}


def assert_same_bits(one: Path, other: Path) -> None:
    (a, x), (b, y) = last_tensors(one), last_tensors(other)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    assert x == y


def test_a_run_leaves_what_is_promised(fresh: Workspace, tiny_recipe: Tiny) -> None:
    result = start_run(fresh, PAIR, tiny_recipe(), device="cpu")
    assert result.step == 6
    assert result.folder == fresh.runs / "low-high"
    lines = [json.loads(line) for line in (result.folder / "log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["event"] == "step"]
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[0]["losses"].keys() >= {
        "g_loss_x2y",
        "g_loss_y2x",
        "cycle_x",
        "cycle_y",
        "d_loss_x",
        "d_loss_y",
    }
    trained = load_trained(result.folder)
    assert trained.domains == PAIR
    assert {part["step"] for part in trained.checkpoints.values()} == {6}
    assert trained.window_frames == 64
    assert trained.requires == []
    assert set(trained.provenance["corpora"]) == set(PAIR)
    values = torch.rand(2, 1, 65, 128) * 8
    for generator in trained.generators.values():
        assert not generator.training
        assert not any(weight.requires_grad for weight in generator.parameters())
        assert generator(values).shape == values.shape


def test_the_same_seed_gives_the_same_bits(fresh: Workspace, tiny_recipe: Tiny) -> None:
    one = start_run(fresh, PAIR, tiny_recipe(), name="one", seed=3)
    other = start_run(fresh, PAIR, tiny_recipe(), name="other", seed=3)
    third = start_run(fresh, PAIR, tiny_recipe(), name="third", seed=4)
    assert_same_bits(one.folder, other.folder)
    with pytest.raises(AssertionError):
        assert_same_bits(one.folder, third.folder)


class StopAt(Reporter):
    """Sends this process a signal at a step, as Ctrl-C or a shutdown would."""

    def __init__(self, step: int, number: int) -> None:
        self.left, self.number = step, number

    def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
        return _Countdown(self) if label == "training" else Task()


class _Countdown(Task):
    def __init__(self, owner: StopAt) -> None:
        self.owner = owner

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        self.owner.left -= int(amount)
        if self.owner.left == 0:
            os.kill(os.getpid(), self.owner.number)


@pytest.mark.parametrize(
    ("number", "code", "precision"),
    [(signal.SIGINT, 130, "float32"), (signal.SIGTERM, 143, "float32"), (signal.SIGINT, 130, "bfloat16")],
)
def test_a_signal_saves_and_the_run_goes_on_bit_for_bit(
    fresh: Workspace, tiny_recipe: Tiny, number: int, code: int, precision: str
) -> None:
    # Channels enough for what bfloat16 has innermost in memory to be seen in the optimisers' state.
    recipe = tiny_recipe(*EVERYTHING, f"schedule.precision={precision}", "generator.channels=4")
    whole = start_run(fresh, PAIR, recipe, name="whole")
    with pytest.raises(Interrupted) as caught:
        start_run(fresh, PAIR, recipe, name="parts", reporter=StopAt(3, number))
    assert caught.value.exit_code == code
    assert "`resume` `name=parts`" in caught.value.hint
    stopped = CheckpointFolder(fresh.runs / "parts" / "checkpoints").steps()[-1]
    assert stopped in (3, 4)  # the step that was under way is finished
    torch.manual_seed(999)  # what another process would have
    result = resume_run(fresh)
    assert result.run == "parts"
    assert_same_bits(whole.folder, result.folder)


def test_a_finished_run_says_so_and_can_be_made_longer(fresh: Workspace, tiny_recipe: Tiny) -> None:
    start_run(fresh, PAIR, tiny_recipe())
    with pytest.raises(NothingToDoError, match="at its end, step 6") as caught:
        resume_run(fresh)
    assert "`steps=12`" in caught.value.hint
    assert resume_run(fresh, steps=8).step == 8
    with pytest.raises(NothingToDoError, match=r"at its end, .* minutes from its first step") as caught:
        resume_run(fresh, minutes=1e-9)
    assert "`minutes=1`" in caught.value.hint


def test_names_of_runs(fresh: Workspace, tiny_recipe: Tiny) -> None:
    assert start_run(fresh, PAIR, tiny_recipe("schedule.steps=1")).run == "low-high"
    assert start_run(fresh, PAIR, tiny_recipe("schedule.steps=1")).run == "low-high-2"
    assert find_run(fresh).name == "low-high-2"
    assert find_run(fresh, "low-high").name == "low-high"
    with pytest.raises(UsageError, match="exists already"):
        start_run(fresh, PAIR, tiny_recipe(), name="low-high")
    with pytest.raises(UsageError, match="cannot be the name"):
        start_run(fresh, PAIR, tiny_recipe(), name="../x")
    with pytest.raises(NothingToDoError, match=r"no run 'absent'.*low-high"):
        resume_run(fresh, "absent")


def test_a_run_killed_before_its_first_checkpoint_is_none(fresh: Workspace, tiny_recipe: Tiny) -> None:
    result = start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"))
    for path in (result.folder / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(NothingToDoError, match="there is no trained run in"):
        resume_run(fresh)
    assert start_run(fresh, PAIR, tiny_recipe("schedule.steps=1")).folder == result.folder


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("where", ["measure", "make_validator", "make_loader"])
def test_a_run_stopped_while_it_prepares_leaves_no_folder(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch, number: int, code: int, where: str
) -> None:
    def stopped(*_: object) -> None:
        os.kill(os.getpid(), number)

    # Where the tests run in the background of a shell, Ctrl-C is ignored, as a command there ignores it.
    foreground = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(run_module, where, stopped)
        with pytest.raises(Interrupted, match="before the first step; nothing was saved") as caught:
            start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"), name="mine")
    signal.signal(signal.SIGINT, foreground)
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)
    assert [path for path in fresh.runs.iterdir() if path.is_dir()] == []
    assert signal.getsignal(signal.SIGTERM) == before
    assert start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"), name="mine").step == 1


def test_the_same_pair_begun_twice_at_once_makes_two_runs(fresh: Workspace, tiny_recipe: Tiny) -> None:
    with file_lock(fresh.runs / "low-high" / "lock", "it"):
        assert start_run(fresh, PAIR, tiny_recipe("schedule.steps=1")).run == "low-high-2"
        with pytest.raises(LockedError, match="low-high"):
            start_run(fresh, PAIR, tiny_recipe("schedule.steps=1"), name="low-high")


def test_a_workspace_that_cannot_be_written_to(fresh: Workspace, tiny_recipe: Tiny) -> None:
    fresh.runs.write_text("a file")
    with pytest.raises(UsageError, match=r"cannot write to .*runs"):
        start_run(fresh, PAIR, tiny_recipe())


def test_nan_stops_with_the_loss_and_the_step(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    real = step_module.losses.l1_loss

    def l1_loss(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return real(one, other) * (float("nan") if calls == 2 * 4 else 1.0)  # two a step: cycle_y of step 4

    monkeypatch.setattr(step_module.losses, "l1_loss", l1_loss)
    with pytest.raises(TrainingError, match=r"loss cycle_y \(cycle, high\) became nan at step 4"):
        start_run(fresh, PAIR, tiny_recipe("schedule.log_every=3"))
    folder = fresh.runs / "low-high" / "checkpoints"
    assert (folder / "failed.safetensors").exists()
    assert CheckpointFolder(folder).steps() == [2]
    assert all(bool(torch.isfinite(value).all()) for value in last_tensors(folder.parent)[0].values())


def _fill_disk_after_step_2(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def full(descriptor: int) -> None:
        if CheckpointFolder(place.runs / "low-high" / "checkpoints").steps() == [2]:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)


def test_a_full_disk_loses_nothing_and_training_goes_on(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    _fill_disk_after_step_2(fresh, monkeypatch)
    with pytest.raises(CheckpointError, match="step 2 is safe"):
        start_run(fresh, PAIR, tiny_recipe(), reporter=told)
    assert any("step 4 cannot be saved" in text and "No space left" in text for text in told.warnings)
    folder = fresh.runs / "low-high" / "checkpoints"
    assert [path.name for path in folder.iterdir()] == ["step-00000002.safetensors"]
    monkeypatch.undo()
    assert resume_run(fresh).step == 6


@pytest.mark.parametrize("signalled_at", [3, 4])
def test_a_stop_on_a_full_disk_is_not_said_to_be_saved(
    fresh: Workspace, tiny_recipe: Tiny, monkeypatch: pytest.MonkeyPatch, signalled_at: int
) -> None:
    """Between two steps that are saved, and at one, where saving was just tried."""

    def step(state: TrainingState, batch: Any, take: Any) -> Any:
        losses = train_step(state, batch, take)
        if state.step == signalled_at:
            os.kill(os.getpid(), signal.SIGINT)
        return losses

    _fill_disk_after_step_2(fresh, monkeypatch)
    monkeypatch.setattr("styleshift.training.trainer.train_step", step)
    with pytest.raises(
        CheckpointError, match=f"step {signalled_at} cannot be saved.*step 2 is safe"
    ) as caught:
        start_run(fresh, PAIR, tiny_recipe())
    assert "`resume`" in caught.value.hint


def test_two_processes_do_not_share_a_run(fresh: Workspace, tiny_recipe: Tiny) -> None:
    start_run(fresh, PAIR, tiny_recipe())
    with file_lock(fresh.runs / "low-high" / "lock", "it"), pytest.raises(LockedError, match="low-high"):
        resume_run(fresh, steps=8)


def test_recordings_shorter_than_a_crop_are_trained_on_and_said(fresh: Workspace, tiny_recipe: Tiny) -> None:
    told = Told()
    found = start_run(fresh, PAIR, tiny_recipe("data.crop_frames=272", "schedule.steps=1"), reporter=told)
    assert found.step == 1
    assert any(
        "3 of 3 recordings of low are shorter than a crop (2.2 s): they are joined" in line
        for line in told.infos
    )


@pytest.mark.parametrize(
    ("pair", "overrides", "error", "text"),
    [
        (("low", "absent"), (), NothingToDoError, "no spectrograms of 'absent'.*high, low, other"),
        (("low", "low"), (), UsageError, "both domains are 'low'"),
        (None, (), UsageError, "two domains.*high, low, other"),
        (
            PAIR,
            ("data.crop_frames=1024",),
            CorpusError,
            r"low has only 6\.0 s in all.*crops of 8\.2 s",
        ),
        (
            PAIR,
            ("spectrogram.gain=5",),
            CorpusError,
            r"low do not fit recipe.*gain is 1000\.0, not 5\.0",
        ),
        (PAIR, ("generator.name=huge",), PluginError, "no generator 'huge'; available: .*residual"),
        (PAIR, ("discriminator.name=huge",), PluginError, "no discriminator 'huge'"),
        (PAIR, ("generator.chanels=3",), ConfigError, "no option 'chanels'"),
        (PAIR, ("data.crop_frames=72",), ConfigError, "crop_frames is 72.*multiple of 16"),
    ],
)
def test_errors(
    fresh: Workspace,
    tiny_recipe: Tiny,
    pair: tuple[str, str] | None,
    overrides: tuple[str, ...],
    error: type[Exception],
    text: str,
) -> None:
    with pytest.raises(error, match=text):
        start_run(fresh, pair, tiny_recipe(*overrides), device="cpu")
    assert not list(fresh.runs.glob("*"))


@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        (("low", "hihg"), "did you mean `domains=low high`?"),
        (("Low", "othr"), "did you mean `domains=low other`?"),
        (("low", "trumpet"), "make them: "),
        (("low", "lwo"), "make them: "),
    ],
)
def test_mistyped_styles(fresh: Workspace, tiny_recipe: Tiny, pair: tuple[str, str], hint: str) -> None:
    with pytest.raises(NothingToDoError) as caught:
        start_run(fresh, pair, tiny_recipe())
    assert caught.value.hint.startswith(hint)


def test_damaged_checkpoint(fresh: Workspace, tiny_recipe: Tiny) -> None:
    result = start_run(fresh, PAIR, tiny_recipe())
    last = CheckpointFolder(result.folder / "checkpoints").last()
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_trained(result.folder, "last")
    with pytest.raises(CheckpointError, match="no checkpoint '77'"):
        load_trained(result.folder, 77)
    with pytest.raises(CheckpointError, match="no run that can be used"):
        load_trained(result.folder / "checkpoints")


@pytest.mark.parametrize(("threads", "said"), [(1, "cpu (1 thread)"), (2, "cpu (2 threads)")])
def test_threads_of_the_recipe_are_used_from_the_start_and_said(
    fresh: Workspace, tiny_recipe: Tiny, threads: int, said: str
) -> None:
    told = Told()
    before = torch.get_num_threads()
    try:
        start_run(fresh, PAIR, tiny_recipe("schedule.steps=1", f"schedule.threads={threads}"), reporter=told)
    finally:
        torch.set_num_threads(before)
    assert any(said in text for text in told.infos)
