"""What would become of a recording's tags, found by carrying them over to a moment of silence."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from styleshift.audio.formats import OutputFormat
from styleshift.audio.stream import refusal
from styleshift.audio.tags.copy import Carried, copy_tags
from styleshift.audio.tags.model import Chapter
from styleshift.audio.tags.read import read_tags
from styleshift.audio.write import AudioWriter
from styleshift.system.scratch import Scratch

_FRAMES = 4800


class TagPreview:
    """A context manager that keeps a short silent file of each format in a folder of its own.

    So a dry run and a conversion do the same, and cannot disagree.
    """

    def __init__(self) -> None:
        self._folder: Scratch | None = None
        self._blanks: dict[tuple[OutputFormat, int], Path] = {}

    def __enter__(self) -> TagPreview:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.close()

    def carried(
        self, source: Path, format: OutputFormat, sample_rate: int, *, same_positions: bool
    ) -> Carried:
        """As :func:`styleshift.audio.tags.copy.copy_tags` would carry them to an output of this format.

        Args:
            source: the recording, only read.
            format: of the output.
            sample_rate: of the output, Hz.
            same_positions: what counts samples still holds.

        Raises:
            AudioError: they cannot be written, or there is no room for the trial.
        """
        try:
            return copy_tags(source, self._trial(source, format, sample_rate), same_positions=same_positions)
        except OSError as error:
            raise refusal(
                source,
                f"there is no room to try its tags: {error.strerror or error}",
                "make space where temporary files go",
                reason="cannot write",
            ) from error

    def _trial(self, source: Path, format: OutputFormat, sample_rate: int) -> Path:
        """A silent file that may be written to."""
        if self._folder is None:
            self._folder = Scratch()
        if format.container == "M4A" and (chapters := read_tags(source).chapters):
            return self._blank(format, sample_rate, chapters)
        known = self._blanks.get((format, sample_rate))
        if known is None:
            known = self._blanks[format, sample_rate] = self._blank(format, sample_rate)
        trial = known.with_name(f"trial{format.extension}")
        shutil.copyfile(known, trial)
        return trial

    def _blank(self, format: OutputFormat, sample_rate: int, chapters: Sequence[Chapter] = ()) -> Path:
        assert self._folder is not None
        path = self._folder.path / f"{len(self._blanks)}{format.extension}"
        with AudioWriter(
            path, sample_rate=sample_rate, channels=1, format=format, chapters=chapters
        ) as writer:
            writer.write(np.zeros((_FRAMES, 1), np.float32))
        return path
