"""Kills what converts a library, again and again, and counts what is lost: it should be nothing.

    python benchmarks/kills.py --files 2000 --kills 20

Clips of noise of 0.2 seconds, and one file that is no recording, are converted on this machine without
disturbance. Then again: here, with the driver killed; on a Ray cluster of three nodes on this machine, with
actors, a node and the driver killed; and from and to an S3 server (moto, over HTTP), with the driver killed.
All kills are SIGKILL, when a random share of the library has been converted and up to a second later; after
one of the driver the same command runs again. A line of a table for each: outputs that are missing, and
outputs and lines of the report (but for times and places) that differ from the undisturbed ones.

Needs `pip install "styleshift[remote]" ./plugins/styleshift-ray "moto[server]"`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from command_line import parser_of

import styleshift
from styleshift.remote import Store

MODEL = Path(styleshift.__file__).parent / "models" / "shipped" / "violin-to-piano.onnx"
RATE, FOLDER_FILES = 22050, 100
Kill = Callable[[], object]


def make_library(folder: Path, files: int) -> None:
    for number in range(files):
        path = folder / f"{number // FOLDER_FILES:03d}" / f"{number:05d}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * np.random.default_rng(number).standard_normal(RATE // 5), RATE)
    (folder / "broken.flac").write_bytes(b"fLaC and no more")


def start(source: str, output: str, *words: str) -> subprocess.Popen[bytes]:
    options = ["--vocoder", "source-phase", "--runtime", "onnxruntime", "--device", "cpu", "--quiet"]
    command = [sys.executable, "-m", "styleshift", "convert", source, "--output", output]
    command += ["--model", str(MODEL), *options, *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def converted(output: str) -> list[str]:
    return [name for name in Store(output).stamps() if name.endswith(".flac") and "/." not in f"/{name}"]


def disturbed(begin: Callable[[], subprocess.Popen[bytes]], output: str, files: int, kills: list[str],
              others: dict[str, Kill]) -> float:  # fmt: skip
    """Convert a library while ``kills`` happen, one after another; returns seconds."""
    began = time.monotonic()
    driver = begin()
    for kind, share in zip(kills, sorted(random.random() for _ in kills), strict=True):
        while driver.poll() is None and len(converted(output)) < 0.95 * share * files:
            time.sleep(max(0.3, files / 1000))  # a store takes long to list many
        time.sleep(random.random())
        assert driver.poll() is None, f"{output} was ready before all kills: take more files"
        if kind == "driver":
            driver.send_signal(signal.SIGKILL)
            driver.wait()
            driver = begin()
        else:
            others[kind]()
    driver.wait()
    return time.monotonic() - began


def found(output: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The digest of each output, and what the report says of each file, but for times and places."""
    store, names = Store(output), converted(output)
    digests = {
        name: hashlib.sha256(data).hexdigest() for name, data in zip(names, store.read(names), strict=True)
    }
    told: dict[str, Any] = {}
    for line in next(iter(store.read(["report.jsonl"]))).splitlines():
        each = {
            key: value for key, value in json.loads(line).items() if key not in ("source", "target", "took")
        }
        # What an earlier driver had done is there already for the last one.
        each["status"] = each["status"].replace("unchanged", "done")
        told[each["name"]] = each
    return digests, told


@contextlib.contextmanager
def cluster() -> Iterator[tuple[str, dict[str, Kill]]]:
    """Three nodes of Ray with a processor each: where they are, and what kills an actor or a node."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        nodes.add_node(num_cpus=1)

    def kill_actor() -> None:
        there = nodes.list_all_nodes()  # type: ignore[no-untyped-call]
        raylets = {node.all_processes["raylet"][0].process.pid for node in there}
        actors: list[int] = []
        while not actors:  # the last one's successor may not have begun
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                    if parent in raylets and (process / "cmdline").read_bytes().startswith(b"ray::Worker"):
                        actors.append(int(process.name))
                except OSError:  # it has just ended
                    continue
        os.kill(random.choice(actors), signal.SIGKILL)

    def kill_node() -> None:
        nodes.remove_node(random.choice(list(nodes.worker_nodes)), allow_graceful=False)

    try:
        yield nodes.address, {"actor": kill_actor, "node": kill_node}
    finally:
        nodes.shutdown()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def bucket(library: Path) -> Iterator[str]:
    """The address of a bucket on a server on this machine, with the library in it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0)
    with contextlib.redirect_stdout(sys.stderr):
        server.start()
    host, port = server.get_host_and_port()
    os.environ.update(AWS_ENDPOINT_URL=f"http://{host}:{port}", AWS_ACCESS_KEY_ID="a", NO_PROXY=host,
                      AWS_SECRET_ACCESS_KEY="a", AWS_DEFAULT_REGION="us-east-1")  # fmt: skip
    import s3fs

    s3fs.S3FileSystem().mkdir("kills")
    store = Store("s3://kills/library")
    for path in library.rglob("*.flac"):
        store.send(path, path.relative_to(library).as_posix())
    try:
        yield "s3://kills"
    finally:
        server.stop()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    random.seed(words.seed)
    here = there = words.kills // 3
    on_ray = ["node", *random.choices(["actor", "driver"], [2, 1], k=words.kills - here - there - 1)]
    random.shuffle(on_ray)

    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "library")
        make_library(library, words.files)
        print("| way | files | kills | lost | differing bytes | differing lines | seconds |", flush=True)
        print("|---|---|---|---|---|---|---|", flush=True)
        expected: tuple[dict[str, str], dict[str, Any]] | None = None

        def row(
            way: str, source: object, output: str, kills: list[str], others: dict[str, Kill], *more: str
        ) -> None:
            nonlocal expected
            seconds = disturbed(lambda: start(str(source), output, *more), output, words.files, kills, others)
            digests, told = found(output)
            expected = expected or (digests, told)
            differ = [
                sum(ours.get(name) != theirs.get(name) for name in ours.keys() | theirs.keys())
                for ours, theirs in zip((digests, told), expected, strict=True)
            ]
            counts = ", ".join(f"{kills.count(kind)} {kind}" for kind in sorted(set(kills))) or "none"
            columns = [way, words.files, counts, words.files - len(digests), *differ, round(seconds)]
            print(f"| {' | '.join(map(str, columns))} |", flush=True)

        row("local", library, f"{folder}/plain", [], {})
        row("local", library, f"{folder}/local", ["driver"] * here, {})
        with cluster() as (address, others):
            ray = ("--engine", "ray", "--engine-option", f"address={address}")
            row("Ray, three nodes", library, f"{folder}/ray", on_ray, others, *ray)
        with bucket(library) as store:
            row("S3 server", f"{store}/library", f"{store}/output", ["driver"] * there, {})


if __name__ == "__main__":
    main()
