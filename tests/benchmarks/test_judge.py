"""The benchmark of the trainer's score compares it with all measures as one."""

from __future__ import annotations

import judge
import numpy as np
import pytest


def columns() -> dict[str, np.ndarray]:
    """Of three checkpoints: the last is best by far in p, and the worst in lsd by less than can be told."""
    same = np.zeros(3)
    return {
        "lsd": np.array([6.40, 6.41, 6.42]),
        "chr": same,
        "ons": same,
        "fd": same,
        "fd3": np.array([30.0, 20.0, 10.0]),
        "p": np.array([0.1, 0.5, 0.9]),
    }


def test_a_difference_counts_by_what_it_says_and_not_by_its_rank() -> None:
    rank, units = judge.together(columns(), "fd")
    assert rank == pytest.approx([2.0, 2.0, 2.0])
    assert units[2] - units[0] == pytest.approx(8 - 0.1)


def test_only_one_of_the_frechet_distances_counts() -> None:
    _, units = judge.together(columns(), "fd3")
    assert units[2] - units[0] == pytest.approx(8 - 0.1 + 2)


def test_the_summary_says_what_the_chosen_checkpoint_and_the_last_reach_of_the_best() -> None:
    found = judge.summary(np.array([0.1, 0.9, 0.5]), columns())
    assert found[-4] == pytest.approx(0.5)
    assert found[-2:] == pytest.approx([1, 1])
