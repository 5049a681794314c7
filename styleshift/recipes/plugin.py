"""The recipes that come with the package, through the same hook as those of others."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from styleshift.hooks.experiment import RecipeSpec
from styleshift.hooks.specs import hookimpl


@hookimpl
def styleshift_recipes() -> Iterable[RecipeSpec]:
    """Every TOML file that lies here."""
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        yield RecipeSpec(path.stem, tomllib.loads(path.read_text("utf-8"))["summary"], path)
