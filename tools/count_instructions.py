"""Count the instructions of each kernel under callgrind, and hold them to the recorded ones.

Times on a shared machine swing; instruction counts do not. Usage, after a release build of the C++ tests::

    python tools/count_instructions.py            # fails where a kernel takes 3 % more than recorded
    python tools/count_instructions.py --record   # writes cpp/benchmarks/instructions.json anew

Callgrind knows no AVX-512, so the baseline and AVX2 variants are counted; the source is the same. Another
compiler makes other code: then counts are shown and not judged.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECORD = ROOT / "cpp" / "benchmarks" / "instructions.json"
FRAME_KERNELS = ("frame_complex", "frame_float", "frame_half", "frame_inverse")
BLOCK_KERNELS = (
    *("forward", "store_complex", "store_float", "store_half"),
    *("inverse", "overlap_add", "griffin_lim"),
)
LANES = {"baseline": 4, "avx2": 8}
# An odd length has a transform of its own.
POINTS = (1024, 675)
BLOCKS = 20
# Blocks of each kernel that one run of benchmark_kernels makes, beside BLOCKS: see its main().
EXTRA = {"forward": 1, "store_complex": 1, "store_float": BLOCKS}


def count(program: Path, points: int, variant: str) -> dict[str, int]:
    """Instructions a frame of each kernel, those of the functions it calls included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += [str(program), str(points), variant, str(BLOCKS)]
        subprocess.run(command, check=True, capture_output=True)
        listing = subprocess.run(
            ["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    counts = {}
    for kernel in FRAME_KERNELS + BLOCK_KERNELS if points % 32 == 0 else BLOCK_KERNELS:
        name = f"{kernel}_block" if kernel in BLOCK_KERNELS else kernel
        found = re.search(rf"^\s*([\d,]+) .*::{name}\(", listing, re.MULTILINE)
        if found is None:
            raise SystemExit(f"{name} is not in callgrind's list for {variant}")
        blocks = BLOCKS + EXTRA.get(kernel, 0)
        counts[kernel] = round(int(found[1].replace(",", "")) / blocks / LANES[variant])
    return counts


def compiler_of(build: Path) -> str:
    """Name and version of the compiler that made the build."""
    text = "".join(p.read_text() for p in build.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"))
    found = dict(re.findall(r'set\(CMAKE_CXX_COMPILER_(ID|VERSION) "([^"]*)"\)', text))
    return f"{found.get('ID')} {found.get('VERSION')}"


def main() -> int:
    """Count, show, and compare or record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    program = options.build / "benchmark_kernels"
    if not program.exists():
        print(
            f"{program} is not there: cmake --preset release && cmake --build --preset release",
            file=sys.stderr,
        )
        return 2
    if shutil.which("valgrind") is None or platform.machine() not in ("x86_64", "AMD64"):
        print("nothing counted: this needs valgrind, on x86-64")
        return 0
    compiler = compiler_of(options.build)
    counts = {
        f"{points} points, {variant}": count(program, points, variant)
        for points in POINTS
        for variant in LANES
    }
    if options.record:
        RECORD.write_text(json.dumps({"compiler": compiler, "a_frame": counts}, indent=2) + "\n")
    recorded = json.loads(RECORD.read_text())
    judged = recorded["compiler"] == compiler
    worse = []
    for where, kernels in counts.items():
        for kernel, instructions in kernels.items():
            before = recorded["a_frame"][where][kernel]
            change = 100 * (instructions / before - 1)
            print(f"{where:21} {kernel:14} {instructions:7} instructions a frame, {change:+.1f} %")
            if judged and change > 3:
                worse.append(f"{where}: {kernel}")
    if not judged:
        print(f"not judged: recorded with {recorded['compiler']}, this build is by {compiler}")
    if worse:
        print(f"more instructions than recorded: {', '.join(worse)}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
