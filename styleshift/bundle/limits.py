"""The least and the most of the numbers of an export; the command line asks for them, too."""

from __future__ import annotations

STRENGTH = (0.0, 1.5)
GENERATOR_SHARE = (0.1, 1.0)
"""With less of it a generator could be left out."""
SMOOTHING = (-0.1, 0.3)
"""At a third a value counts no more than its neighbours; beyond, less. Below 0 it moves away from them."""
KEEP_QUIET = (5.0, 60.0)
"""Nearer to the music's level lies music; further below, silence, which a gate may keep."""
