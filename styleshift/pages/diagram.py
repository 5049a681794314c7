"""Small line diagrams, drawn as SVG by the template ``diagram.html``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a diagram: its name, and points from 0 to 1 across and, from the top, down."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Diagram:
    """One diagram.

    Attributes:
        title: what is drawn.
        curves: at most four; colours follow their order.
        low: value at the bottom.
        high: value at the top.
        last: the last step, at the right.
    """

    title: str
    curves: Sequence[Curve]
    low: float
    high: float
    last: float


def diagram(title: str, curves: Mapping[str, Sequence[Point]]) -> Diagram | None:
    """The diagram of finite points ``(step, value)``, from 0 or below; None where there are none."""
    every = [point for points in curves.values() for point in points]
    if not every:
        return None
    last = max(x for x, _ in every) or 1
    low, high = min(0.0, *(y for _, y in every)), max(y for _, y in every)
    high = high if high > low else low + 1

    drawn = [
        Curve(name, [(x / last, (high - y) / (high - low)) for x, y in points])
        for name, points in curves.items()
    ]
    return Diagram(title, drawn, low, high, last)
