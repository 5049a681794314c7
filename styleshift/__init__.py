"""styleshift: learn the style of one collection of recordings and give it to another."""

from __future__ import annotations

__version__ = "0.1.0"
