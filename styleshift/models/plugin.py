"""The models that ship, through the same hook as those of packages."""

from __future__ import annotations

from collections.abc import Iterable

from styleshift.hooks.experiment import ModelsSpec
from styleshift.hooks.specs import hookimpl
from styleshift.workspace import shipped_models


@hookimpl
def styleshift_models() -> Iterable[ModelsSpec]:
    """``shipped``."""
    return [ModelsSpec("shipped", "models that come with styleshift", shipped_models())]
