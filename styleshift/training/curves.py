"""The curves of a run, from its log; needs no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from styleshift.pages import Diagram, diagram
from styleshift.training.directions import DIRECTIONS, ends_of

LOG_FILE = "log.jsonl"


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The log, less lines that a kill has cut, and less steps that were done again after it."""
    kept: dict[tuple[str, int], dict[str, Any]] = {}
    try:
        texts = (folder / LOG_FILE).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if line.get("event") in ("step", "validated"):
            kept[line["event"], line["step"]] = line
    return [kept[key] for key in sorted(kept, key=lambda key: key[1])]


def diagrams(lines: Sequence[Mapping[str, Any]], domains: tuple[str, str]) -> list[Diagram]:
    """One small diagram a kind of loss, its sides in one; and the scores of the validations."""
    kinds: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for line in lines:
        if line["event"] == "validated":
            kinds.setdefault("score, 0 to 1", {}).setdefault("mean", []).append((line["step"], line["score"]))
            continue
        for name, value in line["losses"].items():
            kind, side = loss_in_words(name, domains)
            kinds.setdefault(kind, {}).setdefault(side, []).append((line["step"], value))
    drawn = [
        diagram(kind, {side: curve_points(points) for side, points in sides.items()})
        for kind, sides in kinds.items()
    ]
    return [each for each in drawn if each is not None]


def loss_in_words(name: str, domains: tuple[str, str]) -> tuple[str, str]:
    """What to call a loss in front of people: its kind, and the domain or the direction that it is of.

    >>> loss_in_words("d_loss_x_cycled", ("violin", "piano"))
    ('discriminator', 'violin there and back')
    """
    sides = {"x": domains[0], "y": domains[1], **direction_names(domains)}
    words = name.removesuffix("_cycled").split("_")
    kind = " ".join(words[:-1])
    cycled = " there and back" * name.endswith("_cycled")
    return {"d loss": "discriminator", "g loss": "generator"}.get(kind, kind), sides[words[-1]] + cycled


def direction_names(domains: tuple[str, str]) -> dict[str, str]:
    """What to call ``x2y`` and ``y2x`` in front of people."""
    return {direction: " to ".join(ends_of(direction, domains)) for direction in DIRECTIONS}


def curve_points(values: Sequence[tuple[float, float]], most: int = 400) -> list[tuple[float, float]]:
    """At most ``most`` points of a curve, each the mean of its stretch; what is not finite is left out."""
    finite = [(x, y) for x, y in values if np.isfinite(y)]
    if len(finite) <= most:
        return finite
    edges = np.linspace(0, len(finite), most + 1).astype(int)
    parts = [np.array(finite[first:end]) for first, end in pairwise(edges)]
    return [(float(part[-1, 0]), float(part[:, 1].mean())) for part in parts]
