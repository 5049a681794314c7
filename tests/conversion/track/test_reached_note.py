"""A conversion that is not as loud as its source is named once, with the report's own figures."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.conversion.track.dynamics import Reached
from styleshift.conversion.track.reached_note import loudness_note


def reached(level_db: float, peaks_db: float = 0.0) -> Reached:
    """So many dB above -20.691 LUFS before peaks took theirs."""
    powers = np.full(50, 10 ** ((level_db - 20) / 10))
    return Reached([powers], [powers * 10 ** (-peaks_db / 10)])


BEFORE = -20.691


@pytest.mark.parametrize(("level", "peaks"), [(0, 0), (0.9, 0), (-0.9, 0), (0, 0.9), (1.5, 1.5)])
def test_what_is_as_loud_is_no_news(level: float, peaks: float) -> None:
    assert loudness_note(BEFORE, reached(level, peaks)) == []


def test_how_much_softer_is_what_the_report_says_whatever_took_it() -> None:
    (said,) = loudness_note(BEFORE, reached(-2.4, 3.3))
    assert said == "5.7 dB softer than the source: peaks were turned down, as they went beyond full scale"
    (said,) = loudness_note(BEFORE, reached(-5, 0.5))
    assert said == "5.5 dB softer than the source: the model left too little of it to be raised that far"


def test_louder_and_silent() -> None:
    assert loudness_note(BEFORE, reached(1.04)) == ["1.0 dB louder than the source"]
    (said,) = loudness_note(BEFORE, reached(-60))
    assert "next to silent" in said
    assert loudness_note(None, reached(0)) == []
