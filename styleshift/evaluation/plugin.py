"""The metrics that are built in, through the same hook as those of packages."""

from __future__ import annotations

from collections.abc import Iterable

from styleshift.evaluation.content import harmony, onset_f_measure, phones_kept
from styleshift.hooks.experiment import MetricSpec
from styleshift.hooks.specs import hookimpl


@hookimpl
def styleshift_metrics() -> Iterable[MetricSpec]:
    """``harmony``, ``rhythm`` and ``phones``."""
    return [
        MetricSpec("harmony", "agreement of chroma, heard beyond timbre", harmony),
        MetricSpec("rhythm", "onsets that fall where those of the source do", onset_f_measure),
        MetricSpec(
            "phones", "sounds of speech, whoever speaks and at whatever pitch", phones_kept, speech=True
        ),
    ]
