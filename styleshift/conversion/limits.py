"""The words that an option of a conversion may be; the command line shows them, too."""

from __future__ import annotations

from typing import Literal, get_args

Overwrite = Literal["never", "stale", "always"]
OVERWRITE: tuple[Overwrite, ...] = get_args(Overwrite)
