"""A reporter for tests."""

from __future__ import annotations

from styleshift.progress import Reporter


class Told(Reporter):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.warnings: list[str] = []

    def info(self, text: str) -> None:
        self.infos.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
