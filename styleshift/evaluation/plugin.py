"""The metrics that are built in, through the same hook as those of packages."""

from __future__ import annotations

from collections.abc import Iterable

from styleshift.hooks.experiment import Heard, MetricSpec
from styleshift.hooks.specs import hookimpl


def _harmony(converted: Heard, source: Heard) -> float:
    from styleshift.evaluation.content import harmony

    return harmony(converted, source)


def _rhythm(converted: Heard, source: Heard) -> float:
    from styleshift.evaluation.content import onset_f_measure

    return onset_f_measure(converted, source)


@hookimpl
def styleshift_metrics() -> Iterable[MetricSpec]:
    """``harmony`` and ``rhythm``."""
    return [
        MetricSpec("harmony", "agreement of chroma, heard beyond timbre", _harmony),
        MetricSpec("rhythm", "onsets that fall where those of the source do", _rhythm),
    ]
