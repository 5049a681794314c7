"""The two ways of a pair of styles; needs no PyTorch."""

from __future__ import annotations

DIRECTIONS = ("x2y", "y2x")
"""From the first domain of a run to the second, and back: keys of all that a run has twice."""


def ends_of(direction: str, domains: tuple[str, str]) -> tuple[str, str]:
    """The domain that goes in and the one that comes out.

    Args:
        direction: ``x2y`` or ``y2x``.
        domains: names of X and Y.
    """
    assert direction in DIRECTIONS, direction
    return domains if direction == "x2y" else domains[::-1]
