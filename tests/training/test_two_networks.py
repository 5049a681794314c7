"""Of styleshift.training.distributed: two network namespaces, with a wire between them that is cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from styleshift.errors import EXIT_SIGTERM
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.run import resume_run
from styleshift.workspace import Workspace

Settings = Callable[..., list[str]]
Rank = subprocess.Popen[str]

NAMES = [f"styleshift-{os.getpid()}-{number}" for number in range(2)]
INSIDE = [["ip", "netns", "exec", name] for name in NAMES]
ADDRESSES = ("10.77.0.1", "10.77.0.2")
# As `python -m styleshift`, but with less patience.
COMMAND = """
from datetime import timedelta
from styleshift.training import distributed
distributed.LOST_AFTER = timedelta(seconds=2)
from styleshift.cli import main
main()
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def networks() -> Iterator[None]:
    """Two network namespaces, each with its end of a wire, ``wire``, and with an address."""
    if shutil.which("ip") is None:
        pytest.skip("needs ip, of iproute2")
    try:
        for name in NAMES:
            ip("netns", "add", name)
        ends = [("name", "wire", "netns", name) for name in NAMES]
        ip("link", "add", *ends[0], "type", "veth", "peer", *ends[1])
    except subprocess.CalledProcessError as error:
        remove()
        pytest.skip(f"network namespaces are not permitted here: {error.stderr.decode().strip()}")
    for name, address in zip(NAMES, ADDRESSES, strict=True):
        ip("-n", name, "address", "add", f"{address}/24", "dev", "wire")
        ip("-n", name, "link", "set", "wire", "up")
        ip("-n", name, "link", "set", "lo", "up")
    yield
    remove()


def remove() -> None:
    for name in NAMES:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def start(
    place: Workspace, prefixes: list[list[str]], name: str, settings: list[str], meet: tuple[str, str]
) -> list[Rank]:
    """Both ranks of a training, each behind a prefix of its command; they meet at an address, by a device."""
    chosen = [word for setting in settings for word in ("--set", setting)]
    words = ["train", "--domains", "low", "high", "--device", "cpu", "--name", name, *chosen]
    given = {
        "OMP_NUM_THREADS": "1",
        "STYLESHIFT_WORKSPACE": str(place.root),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": meet[0],
        "MASTER_PORT": "29500",
        "GLOO_SOCKET_IFNAME": meet[1],
    }
    return [
        subprocess.Popen(
            [*prefix, sys.executable, "-c", COMMAND, *words],
            env={**os.environ, **given, "RANK": str(rank)},
            cwd=place.root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, prefix in enumerate(prefixes)
    ]


def wait_for_step(folder: CheckpointFolder, step: int, ranks: list[Rank]) -> None:
    while (folder.steps() or [0])[-1] < step:
        assert all(rank.poll() is None for rank in ranks)
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.usefixtures("networks")
def test_two_machines_come_to_the_bits_of_one_and_a_cut_wire_ends_both(
    fresh: Workspace, tiny_settings: Settings
) -> None:
    settings = tiny_settings("schedule.steps=1000000", "schedule.save_every=2", "schedule.keep_every=2")
    apart, together = (CheckpointFolder(fresh.runs / name / "checkpoints") for name in ("apart", "together"))

    # One machine has a network of its own here, too: no test beside this one has its port.
    ranks = start(fresh, [INSIDE[0], INSIDE[0]], "together", settings, ("127.0.0.1", "lo"))
    wait_for_step(together, 4, ranks)
    for rank in ranks:
        rank.terminate()
        rank.communicate(timeout=60)

    ranks = start(fresh, INSIDE, "apart", settings, (ADDRESSES[0], "wire"))
    wait_for_step(apart, 4, ranks)
    ip("-n", NAMES[1], "link", "set", "wire", "down")
    try:
        for rank in ranks:
            _, said = rank.communicate(timeout=60)
            assert rank.returncode == EXIT_SIGTERM, said
            assert "error: another process of this training has ended or no longer answers" in said
            assert "Traceback" not in said
    finally:
        for rank in ranks:
            rank.kill()
    one, two = (read(folder.file(4))[0] for folder in (together, apart))
    assert [name for name in one if not torch.equal(two[name], one[name])] == []
    assert resume_run(fresh, name="apart", steps=apart.steps()[-1] + 1).run == "apart"
