"""Where the work of precompute and convert runs: the engine that is built in, and how one is chosen."""

from styleshift.engines.complete import run_all
from styleshift.engines.plugin import load_engine

__all__ = ["load_engine", "run_all"]
