"""Where the packages of the ears are, and how they come."""

from __future__ import annotations

import importlib.util
from pathlib import Path

INSTALL = "pip install --no-deps"


def file_of(package: str, inside: str) -> Path | None:
    """A file of a package, which is not imported."""
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / inside
        if path.is_file():
            return path
    return None
