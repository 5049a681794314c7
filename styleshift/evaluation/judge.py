"""One judgement of conversions that have no truth to compare with: whether style moved and content stayed.

Made for use inside training as well: fit once on the two collections, then judge as often as wanted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from styleshift.evaluation import metrics
from styleshift.evaluation.content import phones_kept
from styleshift.evaluation.features import Features, clip_range

if TYPE_CHECKING:
    from styleshift.evaluation.classifier import StyleClassifier

Kind = Literal[
    "copies", "collapsed", "music lost", "words lost", "style not moved", "unclear", "partly moved", "moved"
]

# Measured on true pairs (the same notes on violin and piano): change 10.7 dB, chroma .74, onsets .61 against
# the source. An equaliser changes 6 dB, a vocoder round trip 0.4 dB.
COPY_DB = 2.0
"""Below this change against its source a conversion is a copy, whatever the vocoder added."""
KEPT_TOO_LITTLE = 0.35
"""Of music the mean of harmony and onsets."""
WORDS_LOST = 0.55
"""Below this a recogniser gets four of five words of speech wrong (VCC 2016, PocketSphinx)."""
WORDS_STAY = 0.65
"""Below this it gets about half of the words wrong, or more."""
SPREAD_TOO_LITTLE = 0.25
"""Below this part of the difference between sources their conversions are nearly the same."""
DIFFERENT_DB = 1.0
"""Recordings that differ less than this say nothing about a collapse."""
HEARD_AS_OTHER = 0.2
"""Below this probability of the target no distance makes a conversion one: an equaliser alone goes half the
Frechet distance."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What :meth:`Judge.judge` found; means over the recordings.

    Attributes:
        p: probability of the target style, 0 to 1; nan without a classifier.
        fd: Frechet distance of the conversions to the target.
        fd_source: the same of their sources: where the way began.
        chroma: agreement of harmony with the source, at most 1; nan for speech.
        onsets: agreement of note onsets with the source, at most 1; nan for speech.
        change_db: log-mel distance to the source at the best gain; 0 is a copy.
        recordings: how many were judged.
        spread: how different the conversions of different recordings are, as a part of how different those
            are, frame by frame; near 0 whatever goes in gives the same; nan where there is only one.
        phones: agreement of the sounds of speech with the source, at most 1; nan for music.
    """

    p: float
    fd: float
    fd_source: float
    chroma: float
    onsets: float
    change_db: float
    recordings: int
    spread: float = float("nan")
    phones: float = float("nan")

    @property
    def moved(self) -> float:
        """Share of the Frechet distance that is gone: 0 as far as the source, 1 arrived, below 0 further."""
        return 1.0 - self.fd / self.fd_source if self.fd_source > 0 else 0.0

    @property
    def style(self) -> float:
        """How much of the style arrived, 0 to 1: the mean of ``p`` and ``moved`` (held within 0 and 1)."""
        moved = min(1.0, max(0.0, self.moved))
        return moved if math.isnan(self.p) else (self.p + moved) / 2

    @property
    def kind(self) -> Kind:
        """The verdict in a word."""
        if self.change_db < COPY_DB:
            return "copies"
        if self.spread < SPREAD_TOO_LITTLE:  # False for nan
            return "collapsed"
        if (self.chroma + self.onsets) / 2 < KEPT_TOO_LITTLE:
            return "music lost"
        if self.phones < WORDS_LOST:
            return "words lost"
        if self.style < 0.2 or self.p < HEARD_AS_OTHER:
            return "style not moved"
        if self.moved <= 0:  # the classifier alone says so
            return "unclear"
        return "moved" if self.style >= 0.6 and not self.p < 0.5 else "partly moved"

    @property
    def verdict(self) -> str:
        """The verdict as a sentence."""
        kept = f"harmony {self.chroma:.2f}, onsets {self.onsets:.2f} of 1"
        said = f"sounds of speech {self.phones:.2f} of 1"
        stayed = "" if math.isnan(self.chroma) else f"what is played stayed ({kept})"
        if not math.isnan(self.phones):
            stayed = f"{'part of ' * (self.phones < WORDS_STAY)}what is said stayed ({said})"
        way = f"the distance to that style {self._change_of_distance}"
        if not math.isnan(self.p):
            way = f"a classifier takes {self.p:.0%} of it for the target style; {way}"
        return {
            "copies": f"this model only copies its input: it changes the sound by {self.change_db:.1f} dB, "
            f"and less than {COPY_DB:.0f} dB is not heard as another sound",
            "collapsed": "this model has collapsed: whatever goes in, nearly the same comes out "
            f"(conversions differ {self.spread:.0%} as much as their sources)",
            "music lost": f"what is played is lost: one can hardly make it out ({kept})",
            "words lost": f"the words are lost: one can hardly make out what is said ({said})",
            "style not moved": _joined(f"the style hardly moved ({way})", "; ", stayed),
            "unclear": _joined(f"it is not clear that the style moved ({way})", "; ", stayed),
            "partly moved": _joined(f"the style moved part of the way ({way})", ", and ", stayed),
            "moved": _joined(f"the style moved ({way})", ", and ", stayed),
        }[self.kind]

    @property
    def _change_of_distance(self) -> str:
        if not self.fd_source > 0:
            return f"is {self.fd:.0f}"
        before, after = f"{self.fd_source:.0f}", f"{self.fd:.0f}"
        if before == after:
            return f"stayed at {after}"
        return f"{'fell' if self.fd < self.fd_source else 'rose'} from {before} to {after}"

    def to_dict(self) -> dict[str, float | int | str]:
        """Plain values for JSON lines and checkpoints; a figure that is not there is left out."""
        figures: dict[str, float | int | str] = {
            key: value for key, value in asdict(self).items() if not math.isnan(value)
        }
        return figures | {
            "moved": self.moved,
            "style": self.style,
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """One conversion, held against its source.

    Attributes:
        p: probability of the target style, 0 to 1; nan without a classifier.
        chroma: agreement of harmony with the source, at most 1; nan for speech, and without a source.
        onsets: agreement of note onsets with the source, at most 1; nan likewise.
        change_db: log-mel distance to the source at the best gain; 0 is a copy; nan without a source.
        phones: agreement of the sounds of speech with the source, at most 1; nan for music, without a source,
            and where nothing is said.
    """

    p: float
    chroma: float
    onsets: float
    change_db: float
    phones: float = float("nan")


@dataclass(frozen=True, slots=True)
class Judge:
    """Knows one target style; made by :meth:`fit`."""

    target: metrics.Population
    classifier: StyleClassifier | None

    @classmethod
    def fit(
        cls,
        other: Sequence[Features] | None,
        target: Sequence[Features],
    ) -> Judge:
        """Learn what the target sounds like; takes some 10 s a core for 10 minutes a side.

        Args:
            other: recordings of the style that conversions come from; None leaves out the classifier.
            target: recordings of the target style.
        """
        classifier = None
        if other:
            from styleshift.evaluation.classifier import train_classifier

            classifier = train_classifier(other, target)
        return cls(metrics.population(target), classifier)

    def judge(
        self, sources: Sequence[Features], converted: Sequence[Features], *, speech: bool = False
    ) -> Judgement:
        """Compare conversions with their sources, one to one.

        Args:
            sources: what went in.
            converted: what came out, in the same order.
            speech: see :meth:`compare`.
        """
        compared = [self.compare(*pair, speech=speech) for pair in zip(sources, converted, strict=True)]
        return self.conclude(compared, sources, converted)

    def compare(self, source: Features | None, converted: Features, *, speech: bool = False) -> Comparison:
        """Compare one conversion with its source, if there is one.

        Args:
            source: what went in.
            converted: what came out.
            speech: ask for the sounds of speech, where both have them, and not for harmony and onsets.
        """
        music = None if speech else source
        heard = speech and source is not None and source.phones is not None and converted.phones is not None
        return Comparison(
            p=self.probability(converted),
            chroma=math.nan if music is None else metrics.chroma_correlation(converted, music),
            onsets=math.nan if music is None else metrics.onset_correlation(converted, music),
            change_db=math.nan if source is None else metrics.lsd(converted, source),
            phones=phones_kept(converted, source) if source is not None and heard else math.nan,
        )

    def conclude(
        self, compared: Sequence[Comparison], sources: Sequence[Features], converted: Sequence[Features]
    ) -> Judgement:
        """The judgement from what :meth:`compare` found, recording by recording.

        Args:
            compared: at least one.
            sources: what went in.
            converted: what came out, in the same order.
        """

        def mean(name: str) -> float:
            values = [value for one in compared if not math.isnan(value := getattr(one, name))]
            return float(np.mean(values)) if values else math.nan

        return Judgement(
            p=mean("p"),
            fd=metrics.frechet_distance(metrics.population(converted), self.target),
            fd_source=metrics.frechet_distance(metrics.population(sources), self.target),
            chroma=mean("chroma"),
            onsets=mean("onsets"),
            change_db=mean("change_db"),
            recordings=len(compared),
            spread=spread(sources, converted),
            phones=mean("phones"),
        )

    def probability(self, recording: Features) -> float:
        """Probability of the target style, 0 to 1; nan without a classifier."""
        return float("nan") if self.classifier is None else self.classifier.probability(recording)


def _joined(sentence: str, link: str, more: str) -> str:
    return f"{sentence}{link}{more}" if more else sentence


def spread(sources: Sequence[Features], converted: Sequence[Features]) -> float:
    """How different the conversions are from each other, as a part of how different their sources are.

    Each recording and its neighbour in the list, both cut to the shorter: the mean difference of their
    conversions as a part of that of the recordings, levels relative to each one's peak. The median of these,
    so that a short recording, or two that begin with the same silence, do not decide.

    Returns:
        nan where no two recordings differ.
    """
    before, after = (
        [clip_range(item.log_mel - item.log_mel.max()) for item in side] for side in (sources, converted)
    )
    parts = []
    for one, other in zip(range(len(before)), [*range(1, len(before)), 0], strict=True):
        frames = min(len(side[index]) for side in (before, after) for index in (one, other))
        given, made = (
            float(np.abs(side[one][:frames] - side[other][:frames]).mean()) if frames else 0.0
            for side in (before, after)
        )
        if given > DIFFERENT_DB:
            parts.append(made / given)
    return float(np.median(parts)) if parts else float("nan")
