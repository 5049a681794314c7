"""The metrics that are built in, through the same hook as those of packages."""

from __future__ import annotations

from collections.abc import Iterable

from styleshift.evaluation.content import harmony, onset_f_measure
from styleshift.hooks.experiment import MetricSpec
from styleshift.hooks.specs import hookimpl


@hookimpl
def styleshift_metrics() -> Iterable[MetricSpec]:
    """``harmony`` and ``rhythm``."""
    return [
        MetricSpec("harmony", "agreement of chroma, heard beyond timbre", harmony),
        MetricSpec("rhythm", "onsets that fall where those of the source do", onset_f_measure),
    ]
