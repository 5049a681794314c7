"""Several processes that train one model."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from styleshift.cli.app import app
from styleshift.errors import EXIT_SIGTERM, UsageError
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training import distributed as distributed_module
from styleshift.training.distributed import ProcessGroup, local_device, process_group
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.ranks import rank_and_world_size
from styleshift.training.run import resume_run, start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
Settings = Callable[..., list[str]]
PAIR = ("low", "high")


def words(settings: list[str], name: str) -> list[str]:
    chosen = [word for setting in settings for word in ("--set", setting)]
    return ["train", "--domains", *PAIR, "--device", "cpu", "--name", name, *chosen]


def environment(place: Workspace, **more: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "STYLESHIFT_WORKSPACE": str(place.root), **more}


def torchrun(place: Workspace, arguments: list[str]) -> None:
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "styleshift"]
    done = subprocess.run(
        [sys.executable, *command, *arguments],
        env=environment(place),
        cwd=place.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("trained") == 1  # one rank reports


def weights(place: Workspace, name: str, step: int) -> torch.Tensor:
    tensors, _ = read(CheckpointFolder(place.runs / name / "checkpoints").file(step), only="model.")
    return torch.cat([tensors[key].flatten().double() for key in sorted(tensors)])


@pytest.mark.slow
def test_two_ranks_at_a_batch_are_one_at_twice_it(
    fresh: Workspace, tiny_settings: Settings, tiny_recipe: Tiny
) -> None:
    same = ("optimiser.replay_buffer=0", "schedule.steps=4", "schedule.keep_every=1", "schedule.save_every=1")
    torchrun(fresh, words(tiny_settings(*same, "schedule.batch=1"), "two"))
    start_run(fresh, PAIR, tiny_recipe(*same, "schedule.batch=2"), name="one")
    start_run(fresh, PAIR, tiny_recipe(*same, "schedule.batch=1"), name="half")
    before = weights(fresh, "one", 0)
    assert torch.equal(before, weights(fresh, "two", 0))
    moved = (weights(fresh, "one", 4) - before).norm()
    assert (weights(fresh, "two", 4) - weights(fresh, "one", 4)).norm() < 0.01 * moved
    assert (weights(fresh, "half", 4) - weights(fresh, "one", 4)).norm() > 0.1 * moved
    lines = (fresh.runs / "two" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines if '"step", ' in line] == [1, 2, 3, 4]


@pytest.mark.slow
def test_each_rank_keeps_its_own_fakes_and_random_numbers_and_goes_on_with_them(
    fresh: Workspace, tiny_settings: Settings
) -> None:
    settings = (
        "optimiser.replay_buffer=3",
        "loss.cycle_noise=0.1",
        "schedule.save_every=3",
        "schedule.keep_every=3",
    )
    torchrun(fresh, words(tiny_settings(*settings, "schedule.steps=6"), "whole"))
    tensors, _ = read(CheckpointFolder(fresh.runs / "whole" / "checkpoints").last())
    assert not torch.equal(tensors["replay.x"], tensors["rank.1.replay.x"])
    assert not torch.equal(tensors["random.step"], tensors["rank.1.random.step"])
    folder = CheckpointFolder(fresh.runs / "whole" / "checkpoints")
    folder.file(6).unlink()  # as if it had been killed after step 3
    torchrun(fresh, ["train", "--resume", "--device", "cpu"])
    again, _ = read(folder.last())
    assert [name for name in tensors if not torch.equal(tensors[name], again[name])] == []
    assert resume_run(fresh, steps=7).step == 7  # a team of one goes on with it too


@pytest.mark.fault
@pytest.mark.slow
def test_a_rank_that_dies_ends_the_run_with_a_message_and_a_checkpoint(
    fresh: Workspace, tiny_settings: Settings
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = tiny_settings("schedule.steps=1000000", "schedule.save_every=2")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-m", "styleshift", *words(settings, "lost")],
            env=environment(
                fresh, RANK=rank, WORLD_SIZE="2", LOCAL_RANK=rank, MASTER_ADDR="127.0.0.1", MASTER_PORT=port
            ),
            cwd=fresh.root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    folder = CheckpointFolder(fresh.runs / "lost" / "checkpoints")
    while (folder.steps() or [0])[-1] < 4:
        assert all(rank.poll() is None for rank in ranks)
        time.sleep(0.01)
    ranks[1].kill()
    _, said = ranks[0].communicate()
    ranks[1].communicate()
    assert ranks[0].returncode == EXIT_SIGTERM
    assert "error: another process of this training has ended" in said
    assert f"step {folder.steps()[-1]} is safe" in said
    assert "--resume --name lost" in said
    assert "Traceback" not in said
    assert resume_run(fresh, steps=folder.steps()[-1] + 1).run == "lost"


class Warned(Reporter):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def warn(self, text: str) -> None:
        self.texts.append(text)
        if len(self.texts) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("rank", "said"),
    [
        ("0", "still waiting for 2 of the 3 processes of this training; Ctrl-C ends this one"),
        ("1", "still waiting for the first process, which is to be at 127.0.0.1:"),
    ],
)
def test_who_waits_for_others_says_so(monkeypatch: pytest.MonkeyPatch, rank: str, said: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    given = {"RANK": rank, "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(distributed_module, "REMINDER_EVERY", timedelta(seconds=0.2))
    heard = Warned()
    with pytest.raises(KeyboardInterrupt), process_group(torch.device("cpu"), heard):
        pass
    assert all(text.startswith(said) for text in heard.texts)


def test_which_process_this_is() -> None:
    meet = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    assert rank_and_world_size({}) == rank_and_world_size({"RANK": "", "LOCAL_RANK": "3"}) == (0, 1)
    assert rank_and_world_size({"RANK": "0", "WORLD_SIZE": "1"}) == (0, 1)
    assert rank_and_world_size({"RANK": "1", "WORLD_SIZE": "2", **meet}) == (1, 2)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"RANK": "3"}, "RANK is set to '3', but WORLD_SIZE is not set"),
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE is set to '2', but RANK is not set"),
        ({"RANK": "x", "WORLD_SIZE": "2"}, "RANK is 'x'; it must be a whole number"),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, "RANK is '-1'"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "RANK is 2, but WORLD_SIZE is 2"),
        ({"RANK": "1", "WORLD_SIZE": "2"}, "MASTER_ADDR is not set"),
        ({"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "here"}, "MASTER_PORT is not set"),
    ],
)
def test_an_environment_that_says_half_is_told_of(
    given: dict[str, str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=text), process_group(torch.device("cpu")):
        pass
    with pytest.raises(UsageError, match=text):
        CliRunner().invoke(app, ["train", "--resume"], catch_exceptions=False)


def test_a_port_in_use_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        given = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        text = f"2 processes .* cannot meet at 127.0.0.1:{port}: .*in use"
        with pytest.raises(UsageError, match=text), process_group(torch.device("cpu")):
            pass


def test_gpus_wait_for_each_other_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What NCCL is asked for; there is none here."""
    asked: dict[str, Any] = {}
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "here", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    for module, name, answer in (
        (distributed_module, "_meet", "store"),
        (distributed_module.dist, "init_process_group", None),
        (distributed_module.dist, "get_rank", 1),
        (distributed_module.dist, "get_world_size", 2),
        (distributed_module.dist, "destroy_process_group", None),
    ):
        monkeypatch.setattr(module, name, lambda *_, answer=answer, **__: answer)
    monkeypatch.setattr(distributed_module.dist, "new_group", lambda **given: asked.update(given) or "gpus")
    monkeypatch.setattr(
        distributed_module.dist, "all_reduce", lambda values, group: asked.update(group=group)
    )
    with process_group(torch.device("cuda")) as ranks:
        assert asked == {"backend": "nccl", "timeout": distributed_module.STEP_TIMEOUT}
        ranks.mean(torch.ones(2))
        assert asked["group"] is None, "gloo"
        monkeypatch.setattr(torch.Tensor, "is_cuda", True)
        ranks.mean(torch.ones(2))
        assert asked["group"] == "gpus"


def test_a_team_of_one_waits_for_nobody() -> None:
    alone = ProcessGroup()
    values = torch.tensor([1.0, 2.0])
    assert alone.is_main
    assert alone.mean(values) is values
    assert alone.max(3.5) == 3.5
    assert (alone.any(True), alone.any(False)) == (True, False)
    assert alone.broadcast({"a": 1}) == {"a": 1}
    assert [list(found) for found in alone.gather({"x": values})] == [["x"]]


def test_each_process_of_a_machine_has_a_gpu_of_its_own() -> None:
    assert local_device(torch.device("cuda"), {"LOCAL_RANK": "3"}) == torch.device("cuda:3")
    assert local_device(torch.device("cuda:1"), {"LOCAL_RANK": "3"}) == torch.device("cuda:1")
    assert local_device(torch.device("cuda"), {}) == torch.device("cuda")
    assert local_device(torch.device("cpu"), {"LOCAL_RANK": "3"}) == torch.device("cpu")
