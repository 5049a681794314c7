"""Measures a folder of conversions; what ``styleshift evaluate`` does."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from styleshift.errors import AudioError, NothingToDoError, UsageError
from styleshift.evaluation import metrics
from styleshift.evaluation.ears.ears import Ears
from styleshift.evaluation.ears.installed import INSTALL
from styleshift.evaluation.embedding import Embedder, Embedding, population
from styleshift.evaluation.features import Array, Array64, Features, percussive_share
from styleshift.evaluation.figures import IN_WORDS, Figures, Tags, in_words, intervals, mean
from styleshift.evaluation.judge import Comparison, Judge, Judgement
from styleshift.evaluation.load import find_recordings, load_style, partners
from styleshift.evaluation.measures import Measured, Measures
from styleshift.progress import Reporter

# As in the recordings of a corpus: jingles and silent tracks are in many libraries, and are no faults.
_NOTHING_TO_MEASURE = frozenset({"too short", "silent"})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What :func:`evaluate_folders` found.

    Attributes:
        files: name and figures of each conversion, in the order of the folder.
        mean: mean of each figure over the files that have it; ``fd`` and ``fad`` (and those of
            the sources) of all files together.
        verdict: one plain sentence.
        judgement: against the sources; None where there were none.
        pairs: name, source, conversion: what a listening page plays.
        failed: name and what was wrong, of the files that could not be measured: each is damaged, cannot
            be read, holds no sound, or is too short beside a longer source.
        left_out: name and why, of those that have nothing to measure: too short, or of a source that is too
            short or silent. Nothing is wrong with them, and nobody can mend them.
        interval: where each mean lies with 95 % confidence, as the files scatter; of two files or more.
        tags: what a tagger hears; see :meth:`styleshift.evaluation.ears.ears.Ears.tags`.
    """

    files: list[tuple[str, Figures]]
    mean: Figures
    verdict: str
    judgement: Judgement | None
    pairs: list[tuple[str, Path, Path]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)

    def write_page(self, path: Path) -> list[str]:
        """Write the page to listen to; returns what was left out, and why.

        Raises:
            UsageError: there are no sources to play beside the conversions.
        """
        from styleshift.evaluation.page import Pair, write_page

        if not self.pairs:
            raise UsageError(
                "the page needs the sources to play beside the conversions", "add their folder: `source`"
            )
        figures = dict(self.files)
        return write_page(
            path,
            title="Source and conversion",
            pairs=[
                Pair(name, source, converted, in_words(figures.get(name, {})))
                for name, source, converted in self.pairs
            ],
            facts={
                "verdict": self.verdict,
                **{key: f"{value:.2f}" for key, value in in_words(self.mean).items()},
            },
            tags=self.tags,
        )


def evaluate_folders(
    converted: Path,
    *,
    target: Path,
    source: Path | None = None,
    truth: Path | None = None,
    source_style: Path | None = None,
    align: bool = False,
    embedding: Embedding | None = None,
    reporter: Reporter | None = None,
) -> Evaluation:
    """Measure every conversion below a folder.

    Args:
        converted: the conversions.
        target: recordings of the target style.
        source: what was converted; paired by name, see :func:`styleshift.evaluation.load.partners`.
        truth: the same music really in the target style; paired by name.
        source_style: recordings in the source style, for p; None takes ``source``.
        align: they are speech: warp time before lsd and mcd, add the pitch errors ``f0`` and ``lf0``, and ask
            for the sounds of speech instead of harmony, onsets and drums.
        embedding: for the Frechet distance ``fad``; see :data:`styleshift.evaluation.embedding.Embedding`.
        reporter: receives progress and the files that are left out.

    Returns:
        The figures: ``p``; with truth ``lsd mcd chr ons`` (or ``f0 lf0``); with source ``chr_kept ons_kept``
        (or ``phones_kept``) and ``change`` (dB); of music ``percussive`` (dB); of
        :mod:`styleshift.evaluation.ears`, where they are installed, ``f1 jaccard`` and the tags, or
        ``likeness``. ``fd``, ``fd_source``, ``percussive_target``,
        ``fad`` and ``fad_source`` are of all files together, in the mean only.

    Raises:
        NothingToDoError: a folder is missing or empty, or nothing in it can be read.
        UsageError: no name in ``source`` or ``truth`` fits any conversion; ``embedding`` gives less than two
            vectors for a side.
        ConfigError: ``embedding`` fails, or gives something else than finite vectors of one size.
    """
    say = reporter or Reporter()
    paths = find_recordings(converted, "the conversions")
    sources = _partners(paths, converted, source, "source")
    truths = _partners(paths, converted, truth, "truth")
    ears = Ears(speech=align)
    embedder = None if embedding is None else Embedder(embedding)
    drums: list[float] = []
    embedded_style: list[Array64] = []

    def hear(mono: Array) -> None:
        ears.learn(mono)
        if not align and not math.isnan(share := percussive_share(mono)):
            drums.append(share)
        if embedder is not None:
            embedded_style.append(embedder(mono))

    style = load_style(target, "the target style", say, hear)
    style_vectors = population(embedded_style) if embedded_style else None
    from_style = source_style or source
    other = None
    if from_style is not None:
        instead = None if source is not None else partial(ears.learn, of="source")
        other = load_style(from_style, "the style it comes from", say, instead)
    judge = Judge.fit(other, style)
    _warn_of_weak_classifier(judge, say)
    if ears.missing:
        say.info(f"networks that others trained would say more: {INSTALL} {' '.join(ears.missing)}")

    measures = Measures(judge, ears, align, embedder)
    measured: list[Measured] = []
    failed: list[tuple[str, str]] = []
    left_out: list[tuple[str, str]] = []
    hint = ""  # the first of a failure
    with say.task("measure", len(paths), "files") as task:
        for path, its_source, its_truth in zip(paths, sources, truths, strict=True):
            name = path.relative_to(converted).as_posix()
            try:
                measured.append(measures.of(name, path, its_source, its_truth))
            except AudioError as error:
                harmless = error.reason in _NOTHING_TO_MEASURE
                (left_out if harmless else failed).append((name, error.message))
                hint = hint or error.hint
                say.warn(f"{'left out' if harmless else 'not measured'}: {error.message}")
            task.advance()
    if not measured:
        raise NothingToDoError(
            f"none of the {len(paths)} conversions below {str(converted)!r} could be measured",
            hint or "convert the sources again, or name another folder of conversions",
        )
    files = [(each.name, each.figures) for each in measured]
    pairs = [each.pair for each in measured if each.pair]
    judgement = _judgement(judge, [each.judged for each in measured if each.judged])
    patches = metrics.patch_population([each.patches for each in measured])
    found = mean(files) | {"fd": metrics.frechet_distance(patches, judge.target)}
    if judgement is not None:
        found |= {"fd_source": judgement.fd_source}
    if drums:
        found |= {"percussive_target": float(np.mean(drums))}
    if style_vectors is not None:
        sides = {
            "fad": [each.embedded for each in measured],
            "fad_source": [each.embedded_source for each in measured],
        }
        for name, side in sides.items():
            if vectors := [each for each in side if each is not None]:
                found[name] = metrics.frechet_distance(population(vectors), style_vectors)
    verdict = _verdict(judgement, found)
    return Evaluation(
        files, found, verdict, judgement, pairs, failed, left_out, intervals(files), ears.tags()
    )


_PAIRED = {
    "source": "give the folder that the conversions were made from, with the same names",
    "truth": "give the target's own recordings of the same pieces, with the names of the conversions",
}


def _partners(paths: list[Path], root: Path, folder: Path | None, option: str) -> list[Path | None]:
    if folder is None:
        return [None] * len(paths)
    found = partners(paths, root, find_recordings(folder, f"`{option}`"), folder)
    if not any(found):
        example = paths[0].relative_to(root).as_posix()
        raise UsageError(
            f"`{option}`: no file below {str(folder)!r} has the name of a conversion (such as {example!r})",
            _PAIRED[option],
        )
    return found


def _judgement(judge: Judge, judged: list[tuple[Comparison, Features, Features]]) -> Judgement | None:
    if not judged:
        return None
    found = judge.conclude(*zip(*judged, strict=True))
    return replace(found, p=math.nan) if _guesses(judge) else found  # the verdict does not lean on a guess


def _guesses(judge: Judge) -> bool:
    # Half would be right by chance; False where it is not known.
    return judge.classifier is not None and judge.classifier.held_out_accuracy < 0.75


def _warn_of_weak_classifier(judge: Judge, say: Reporter) -> None:
    if judge.classifier is None:
        return
    accuracy, name = judge.classifier.held_out_accuracy, repr(IN_WORDS["p"])
    if _guesses(judge):
        say.warn(
            f"{name} says little here: the classifier is right in only {accuracy:.0%} of held-out seconds"
        )
    elif math.isnan(accuracy):
        say.warn(
            f"{name} was not checked on recordings kept out of its training: that takes four on each side"
        )


def _verdict(judgement: Judgement | None, mean: Figures) -> str:
    if judgement is not None:
        return judgement.verdict
    distance = f"distance to the target style: {mean['fd']:.1f}"
    return f"{distance}; add `source` to see how much stayed of what is played or said"
