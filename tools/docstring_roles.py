"""An extension of the documentation site: cross-references of docstrings (``:func:`stft```) become code."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:func|class|meth|mod|attr|data):(`[^`]+`)")


class Roles(griffe.Extension):
    """Sphinx's notation, which editors understand, for pages that are written in Markdown."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each object whose source was read."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"\1", obj.docstring.value)
