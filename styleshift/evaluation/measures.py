"""Measures one conversion against its source, its truth and its target style."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from styleshift.errors import AudioError
from styleshift.evaluation import metrics
from styleshift.evaluation.ears.ears import Ears
from styleshift.evaluation.embedding import Embedder
from styleshift.evaluation.features import (
    Array,
    Array64,
    Features,
    features,
    percussive_share,
    pitch,
)
from styleshift.evaluation.figures import Figures
from styleshift.evaluation.judge import Comparison, Judge
from styleshift.evaluation.load import by_path, load_mono, seconds_of

_LOST_SECONDS = 0.05  # encoders and rates may cost a conversion less


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as it is measured."""

    mono: Array
    features: Features

    @classmethod
    def load(cls, path: Path, speech: bool = False) -> Recording:
        """Read it, and listen to what is said, if it is ``speech``; raises AudioError, with its path."""
        with by_path(path):
            mono = load_mono(path)
        return cls(mono, features(mono, speech=speech))


@dataclass(frozen=True, slots=True)
class Measured:
    """One conversion: its figures, and what the figures of all together are made from."""

    name: str
    figures: Figures
    patches: Array64
    embedded: Array64 | None
    embedded_source: Array64 | None
    pair: tuple[str, Path, Path] | None
    judged: tuple[Comparison, Features, Features] | None


@dataclass(frozen=True, slots=True)
class Measures:
    """What every conversion is measured by."""

    judge: Judge
    ears: Ears
    speech: bool
    embedder: Embedder | None

    def of(self, name: str, path: Path, source: Path | None, truth: Path | None) -> Measured:
        """Measure one; raises AudioError where it, its source or its truth cannot be."""
        made = self._made(path, source)
        origin = None if source is None else Recording.load(source, self.speech)
        if origin is not None and not origin.mono.any():
            raise AudioError(f"{source}: a source that is silent has no style", reason="silent")
        against = self.judge.compare(origin.features if origin else None, made.features, speech=self.speech)
        figures = self._figures(made, origin, None if truth is None else Recording.load(truth), against)
        return Measured(
            name,
            {key: value for key, value in figures.items() if not math.isnan(value)},
            metrics.patch_vectors(made.features),
            None if self.embedder is None else self.embedder(made.mono),
            None if self.embedder is None or origin is None else self.embedder(origin.mono),
            None if source is None else (name, source, path),
            None if origin is None else (against, origin.features, made.features),
        )

    def _made(self, path: Path, source: Path | None) -> Recording:
        """The conversion; raises AudioError, ``damaged`` where it holds no sound or has lost its end."""
        try:
            return Recording.load(path, self.speech)
        except AudioError as error:
            if error.reason != "too short":
                raise
            seconds, wanted = (0.0 if each is None else seconds_of(each) for each in (path, source))
            # Conversions are as long as their sources.
            if seconds and wanted <= seconds + _LOST_SECONDS:
                raise
            longer = f", but its source is {round(wanted, 2):g} s long" if wanted else ""
            raise AudioError(
                f"{error.message}{longer}", "convert the source again", reason="damaged"
            ) from error

    def _figures(
        self, made: Recording, origin: Recording | None, truth: Recording | None, against: Comparison
    ) -> Figures:
        """All that is said of one conversion; nan for what cannot be said."""
        found: Figures = {"p": against.p}
        if truth is not None:
            sides = made.features, truth.features
            found["lsd"] = metrics.lsd(*sides, align=self.speech)
            found["mcd"] = metrics.mcd(*sides, align=self.speech)
            if self.speech:  # harmony and onsets have no meaning across a warp of time; pitch has
                tracks, path = (pitch(made.mono), pitch(truth.mono)), metrics.alignment(*sides)
                found |= {"f0": metrics.pitch_error(*tracks, path), "lf0": metrics.log_f0_rmse(*tracks, path)}
            else:
                found |= {"chr": metrics.chroma_correlation(*sides), "ons": metrics.onset_correlation(*sides)}
        found |= {"chr_kept": against.chroma, "ons_kept": against.onsets, "phones_kept": against.phones}
        found["change"] = against.change_db
        if not self.speech:
            found["percussive"] = percussive_share(made.mono)
        waves = made.mono, truth.mono if truth else None, origin.mono if origin else None
        return found | self.ears.figures(*waves)
