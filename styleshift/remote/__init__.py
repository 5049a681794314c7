"""Recordings that are not on this machine: object stores and other places that fsspec knows."""

from styleshift.remote.address import is_remote
from styleshift.remote.store import Store

__all__ = ["Store", "is_remote"]
