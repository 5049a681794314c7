"""What an engine costs beside the work: against `concurrent.futures`, in the same run.

    python benchmarks/engine.py                     the built-in engine
    python benchmarks/engine.py --engine NAME       one that a package brings
    python benchmarks/engine.py --nodes 1 2 --wait 0.5      ... and Ray, on nodes with one worker each

Jobs do nothing. Printed as JSON: seconds to the first outcome, microseconds a job after it (`ratio`: how many
times as long the pool of `concurrent.futures` takes, which is lost with its first worker that dies), seconds
for 60 jobs of which 20 kill their worker, and seconds to stop while every worker hangs. What else the machine
does counts in all of them.

With `--nodes` a job waits for `--wait` seconds, which no other program can lengthen, and there are
100 for each worker. Printed: of the time from the first outcome on, the share in which workers were at a job.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from typing import Any

from command_line import parser_of

from styleshift.engines import load_engine
from styleshift.hooks import Crashed, Engine, Progress, Work


def start() -> None:
    """Nothing is to be set up."""


def work(job: str, report: Callable[[float], None] = lambda amount: None) -> str:
    if job == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.startswith("wait "):
        report(0.0)
        time.sleep(float(job.removeprefix("wait ")))
    if job == "hang":
        report(0.0)
        time.sleep(1000)
    return job


def run(
    engine: Engine, jobs: Iterable[str], workers: int, stop: Callable[[], bool] = lambda: False
) -> list[tuple[float, Any]]:
    """When each event came, in seconds since the start."""
    began = time.perf_counter()
    events = engine.run(Work(start, work), jobs, workers=workers, patience=60.0, stop=stop)
    with closing(events):
        return [(time.perf_counter() - began, event) for _, event in events]


def seconds_to_stop(engine: Engine, workers: int) -> float:
    began = time.perf_counter()
    asked = 0.0

    def stop() -> bool:
        nonlocal asked
        if not asked and time.perf_counter() - began > 3.0:
            asked = time.perf_counter()
        return asked > 0

    run(engine, ["hang"] * workers * 2, workers, stop)
    return time.perf_counter() - asked


def futures_microseconds(jobs: list[str], workers: int) -> float:
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(work, jobs[:workers]))
        began = time.perf_counter()
        for future in [pool.submit(work, job) for job in jobs]:
            future.result()
        return (time.perf_counter() - began) / len(jobs) * 1e6


def busy_share(engine: Engine, workers: int, seconds: float) -> float:
    """Of the time after the first outcomes, in which ``workers`` were at jobs of so many seconds."""
    jobs = [f"wait {seconds}"] * (100 * workers)
    ends = [at for at, event in run(engine, jobs, workers) if not isinstance(event, Progress)]
    return (len(jobs) - workers) * seconds / workers / (ends[-1] - ends[workers - 1])


def on_nodes(nodes: int, seconds: float) -> None:
    """Print what the built-in engine does with so many workers, and Ray with as many nodes of one each."""
    import ray
    from ray.cluster_utils import Cluster

    local = busy_share(load_engine(), nodes, seconds)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(num_cpus=1)
    rayed = busy_share(load_engine("ray", {"address": cluster.address}), nodes, seconds)
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]
    print(json.dumps({"nodes": nodes, "wait": seconds, "local": round(local, 3), "ray": round(rayed, 3)}))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--nodes", type=int, nargs="+", default=[])
    parser.add_argument("--wait", type=float, default=1.0, help="seconds a job, with --nodes")
    words = parser.parse_args()
    for nodes in words.nodes:
        on_nodes(nodes, words.wait)
    if words.nodes:
        return
    engine = load_engine(words.engine)
    workers = words.workers or engine.workers
    jobs = [f"job {number}" for number in range(words.jobs)]

    ends = [at for at, event in run(engine, jobs, workers) if not isinstance(event, Progress)]
    each = (ends[-1] - ends[0]) / len(jobs) * 1e6
    peer = futures_microseconds(jobs, workers)
    kills = run(engine, ["a", "kill", "b"] * 20, workers)
    assert sum(isinstance(event, Crashed) for _, event in kills) == 20, (
        "a killed worker cost more than its job"
    )
    print(
        json.dumps(
            {
                "engine": words.engine,
                "workers": workers,
                "first_seconds": round(ends[0], 3),
                "job_microseconds": round(each, 1),
                "futures_job_microseconds": round(peer, 1),
                "ratio": round(peer / each, 2),
                "kills_seconds": round(kills[-1][0], 2),
                "stop_seconds": round(seconds_to_stop(engine, workers), 3),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
