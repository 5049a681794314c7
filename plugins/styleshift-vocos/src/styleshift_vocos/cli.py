"""``styleshift-vocos train``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from styleshift.errors import StyleshiftError


def main(words: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser("styleshift-vocos", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a vocoder on the recordings below a folder")
    train.add_argument("folder", type=Path, metavar="FOLDER", help="music in the target styles")
    train.add_argument(
        "--output", type=Path, default=Path("vocos.onnx"), metavar="FILE", help="default: vocos.onnx"
    )
    train.add_argument("--recipe", default="small", metavar="NAME|FILE", help="of the model that converts")
    train.add_argument("--minutes", type=float, default=30.0, metavar="NUMBER", help="default: 30")
    train.add_argument("--channels", type=int, default=256, metavar="N", help="width of the network")
    train.add_argument("--blocks", type=int, default=8, metavar="N", help="depth of the network")
    train.add_argument("--device", default="cpu", metavar="NAME", help="cpu, cuda or mps")
    given = parser.parse_args(words)
    from styleshift.recipes import load_recipe
    from styleshift_vocos.training import Plan
    from styleshift_vocos.training import train as run

    plan = Plan(minutes=given.minutes, channels=given.channels, blocks=given.blocks)
    try:
        config = load_recipe(given.recipe).spectrogram
        loss = run(given.folder, given.output, config, plan, device=given.device, tell=_tell)
    except StyleshiftError as error:
        print(f"error: {error.message}", error.hint, sep="\n  ", file=sys.stderr)
        return error.exit_code
    print(f"{given.output}  loss {loss:.3f}")
    return 0


def _tell(step: int, loss: float, done: float) -> None:
    print(f"step {step}: loss {loss:.3f}, {done:.0%} done", file=sys.stderr)
