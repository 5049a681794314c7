"""What limits a library in an object store on 1 to 64 nodes: workers, driver, store or network. A simulation.

    python benchmarks/cluster_simulation.py

Nothing runs on a cluster. Workers take files one by one, as the engine hands them out; the driver needs time
for each file, the store answers so many requests a second, and nodes share a network. Every figure that is
assumed is an option with its default; those of the driver and of a worker should be measured
(`benchmarks/engine.py --engine ray`, `benchmarks/convert.py`). A JSON line a size: hours, efficiency against
one node, and what was busy for how much of the time.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random


def simulate(nodes: int, words: argparse.Namespace) -> dict[str, object]:
    """Hours for the library: workers fetch, convert and store; driver, store and network are queues."""
    rng = random.Random(0)
    workers = nodes * words.cores
    free = [(0.0, number) for number in range(workers)]
    driver = store = wire = last = 0.0
    used = {"workers": 0.0, "driver": 0.0, "store": 0.0, "network": 0.0}
    for _ in range(words.files):
        at, worker = heapq.heappop(free)
        driver = max(driver, at) + words.driver_ms / 1000
        begun = driver
        store = max(store, begun) + words.requests / words.store_requests
        size = rng.lognormvariate(0.0, 0.5) * words.megabytes
        seconds = 2 * size * 8 / 1000 / words.network_gbit  # in and out
        wire = max(wire, begun) + seconds
        busy = size * words.seconds_per_mb
        waits = words.requests * words.latency_ms / 1000 + 2 * size * 8 / 1000 / words.node_gbit
        # Two workers share a processor: one works while the other's files come and go.
        end = max(begun + max(busy, (busy + waits) / 2), store, wire)
        used["workers"] += end - begun
        used["driver"] += words.driver_ms / 1000
        used["store"] += words.requests / words.store_requests
        used["network"] += seconds
        last = max(last, end)
        heapq.heappush(free, (end, worker))
    busy_share = {
        name: round(value / last / (workers if name == "workers" else 1), 3) for name, value in used.items()
    }
    return {
        "nodes": nodes,
        "hours": last / 3600,
        "busy": busy_share,
        "limit": max(busy_share, key=busy_share.__getitem__),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--megabytes", type=float, default=8.0, help="mean size of a file (a song as MP3)")
    parser.add_argument("--seconds-per-mb", type=float, default=1.1, help="of one core: 25 times real time")
    parser.add_argument("--cores", type=int, default=16, help="processors of a node")
    parser.add_argument("--driver-ms", type=float, default=3.0, help="of the driver for each file")
    parser.add_argument("--requests", type=int, default=6, help="to the store for each file")
    parser.add_argument("--latency-ms", type=float, default=30.0, help="of one request")
    parser.add_argument(
        "--store-requests", type=float, default=3500.0, help="that the store answers a second"
    )
    parser.add_argument("--network-gbit", type=float, default=100.0, help="of all nodes to the store")
    parser.add_argument("--node-gbit", type=float, default=10.0, help="of one node")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    words = parser.parse_args()
    alone = 0.0
    for nodes in words.nodes:
        found = simulate(nodes, words)
        hours = float(str(found["hours"]))
        alone = alone or hours * nodes
        print(json.dumps({**found, "hours": round(hours, 2), "efficiency": round(alone / hours / nodes, 3)}))


if __name__ == "__main__":
    main()
