"""A whole library on a cluster of three nodes, of which one dies while it works."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import styleshift

ray = pytest.importorskip("ray")

from ray.cluster_utils import Cluster  # noqa: E402

from styleshift import convert_library  # noqa: E402

RATE = 22050
FILES = 12
MODEL = Path(styleshift.__file__).parent / "models" / "shipped" / "violin-to-piano.onnx"


@pytest.fixture
def cluster(installed: None) -> Iterator[Cluster]:
    """Three nodes with a processor each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Clips of noise of two seconds, and one that is no recording."""
    folder = tmp_path / "library"
    folder.mkdir()
    for number in range(FILES):
        noise = 0.1 * np.random.default_rng(number).standard_normal(2 * RATE)
        soundfile.write(folder / f"{number:02d}.flac", noise, RATE)
    (folder / "broken.flac").write_bytes(b"fLaC and no more")
    return folder


class Killer:
    """Takes a node away as soon as something has been converted."""

    def __init__(self, cluster: Cluster, output: Path) -> None:
        self.cluster, self.output, self.killed = cluster, output, False

    def stop(self) -> bool:
        """Asked several times a second; never says yes."""
        if not self.killed and len(list(self.output.glob("0*.flac"))) >= 2:
            self.killed = True
            self.cluster.remove_node(next(iter(self.cluster.worker_nodes)), allow_graceful=False)
        return False


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.flac")}


def test_the_same_bytes_and_outcomes_as_on_this_machine_though_a_node_dies(cluster, library, tmp_path):
    plain, rayed = tmp_path / "local", tmp_path / "ray"
    here = convert_library(library, MODEL, output=plain, jobs=2)
    killer = Killer(cluster, rayed)
    there = convert_library(
        library,
        MODEL,
        output=rayed,
        engine="ray",
        engine_options={"address": cluster.address},
        stop=killer.stop,
    )
    assert killer.killed, there.outcomes
    assert len(digests(plain)) == FILES
    assert digests(rayed) == digests(plain)
    assert {name: (o.status, o.reason) for name, o in there.outcomes.items()} == {
        name: (o.status, o.reason) for name, o in here.outcomes.items()
    }
    assert there.outcomes["broken.flac"].status == "failed"
