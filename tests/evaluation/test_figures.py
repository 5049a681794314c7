"""Means and how sure they are, against closed forms."""

import numpy as np
import pytest

from styleshift.evaluation.figures import EXPLAINED, IN_WORDS, intervals, mean


def test_means_are_over_the_files_that_have_the_figure():
    assert mean([("a", {"lsd": 1.0, "p": 0.5}), ("b", {"lsd": 3.0})]) == {"lsd": 2.0, "p": 0.5}


def test_the_interval_is_that_of_the_normal_approximation_where_files_are_many():
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    low, high = intervals([(str(i), {"lsd": float(value)}) for i, value in enumerate(values)])["lsd"]
    error = values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_one_file_says_nothing_of_how_files_scatter():
    assert intervals([("a", {"lsd": 1.0})]) == {}


def test_every_figure_has_words_and_a_line():
    assert set(IN_WORDS) == set(EXPLAINED)


def test_what_is_measured_may_be_speech():
    told = {name: f"{IN_WORDS[name]} {EXPLAINED[name]}".casefold() for name in EXPLAINED}
    assert [name for name in told if " music" in f" {told[name].replace('musicnn', '')}"] == []
