"""The benchmark of spoilt speech: its measures, and its table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import spoilt_speech

from styleshift.evaluation.features import Features


def heard(log_mel: np.ndarray) -> Features:
    return Features(log_mel.astype(np.float32), np.zeros((len(log_mel), 12), np.float32))


@pytest.mark.parametrize("measure", [spoilt_speech.log_mel, spoilt_speech.cepstra])
def test_shapes_are_compared_whatever_the_level_and_the_colour(
    measure: Callable[[Features, Features], float],
) -> None:
    random = np.random.default_rng(0)
    shapes, others = random.normal(-30, 4, (2, 200, 80))
    coloured = shapes + random.normal(0, 4, (200, 1)) + random.normal(0, 4, 80)
    assert measure(heard(coloured), heard(shapes)) == pytest.approx(1, abs=0.01)
    assert measure(heard(shapes[:150]), heard(shapes)) == pytest.approx(1)
    assert abs(measure(heard(others), heard(shapes))) < 0.1


def test_the_order_of_rows_is_compared() -> None:
    wrong = [0.1, 0.4, 0.3, 0.9]
    kept = [[0.9, 0.6, 0.7, 0.1], [0.1, 0.6, 0.7, 0.9], [0.5, 0.9, 0.2, 0.6], [0.9, 0.1, 0.6, 0.7]]
    agree = spoilt_speech.agreements([list(row) for row in zip(wrong, *kept, strict=True)])
    # 1 - 6 sum(d^2) / (n (n^2 - 1)) of ranks that are d apart; what is kept falls as words are lost.
    assert agree == pytest.approx({"harmony": 1, "log-mel": -0.8, "cepstra": -0.6, "`phones_kept`": 0.4})


def test_the_table_begins_with_the_fewest_words_lost() -> None:
    his = {"bad": [1.15, 0.5, 0.5, 0.5, -0.001], "good": [0.1, 1, 1, 1, 1]}
    lines = list(spoilt_speech.table(his, {name: [np.nan, *row[1:]] for name, row in his.items()}))
    assert lines[2] == "| good | .10 | 1.00 | 1.00 | 1.00 | 1.00 |  | 1.00 | 1.00 | 1.00 | 1.00 |"
    assert lines[3] == "| bad | 1.15 | .50 | .50 | .50 | .00 |  | .50 | .50 | .50 | .00 |"
    assert {line.count("|") for line in lines} == {12}
    assert [spoilt_speech.cell(value) for value in (-0.014, 10.2, 0.999)] == ["-.01", "10.20", "1.00"]
