"""The benchmark of the trainer's score compares it with all measures as one."""

from __future__ import annotations

import judge
import numpy as np
import pytest

ALL = ("lsd", "chr", "ons", "p")


def checkpoints(scores: list[float]) -> list[judge.Checkpoint]:
    """The last is best by far in p, and the worst in lsd by less than can be told; halves agree."""
    rows = [
        {"lsd": lsd, "chr": 0.0, "ons": 0.0, "fd": 0.0, "fd3": fd3, "p": p}
        for lsd, fd3, p in ((6.40, 30.0, 0.1), (6.41, 20.0, 0.5), (6.42, 10.0, 0.9))
    ]
    return [
        judge.Checkpoint("run", 100 * number, score, [row] * (1 + 2 * judge.SPLITS))
        for number, (row, score) in enumerate(zip(rows, scores, strict=True))
    ]


def rows() -> list[judge.Row]:
    return [each.found[0] for each in checkpoints([0, 0, 0])]


def test_a_difference_counts_by_what_it_says_and_not_by_its_rank() -> None:
    rank, units, *_ = judge.wholes(rows(), ALL)
    assert rank == pytest.approx([2.0, 2.0, 2.0])
    assert units[2] - units[0] == pytest.approx(8 - 0.1)


def test_each_frechet_distance_counts_alone_and_with_the_other() -> None:
    moved = [{**row, "fd": row["fd3"] / 2} for row in rows()]
    gains = [whole[2] - whole[0] for whole in judge.wholes(moved, ALL)[1::2]]
    assert gains == pytest.approx([8 - 0.1 + 1, 8 - 0.1 + 2, 8 - 0.1 + 3])


def test_a_measure_that_is_not_asked_for_does_not_count() -> None:
    assert judge.wholes(rows(), ("chr", "p"))[1] == pytest.approx([1, 5, 9])


def test_a_truth_whose_halves_agree_bounds_nothing_and_one_of_chance_bounds_all() -> None:
    agreed = checkpoints([0, 0, 0])
    assert judge.ceilings(agreed, ("p",))[1] == pytest.approx(1)
    against = [
        judge.Checkpoint(
            each.run, each.step, 0, [each.found[0], *[each.found[0], other.found[0]] * judge.SPLITS]
        )
        for each, other in zip(agreed, agreed[::-1], strict=True)
    ]
    assert judge.ceilings(against, ("p",))[1] == 0


def test_the_table_says_what_the_chosen_checkpoint_and_the_last_reach_of_the_best() -> None:
    cells = judge.summary(checkpoints([0.1, 0.9, 0.5]), ALL)
    assert cells[0] == "3"
    assert cells[-3] == "run 100"
    assert [float(cell) for cell in cells[-2:]] == pytest.approx([0.5, 1], abs=0.01)


def test_runs_are_shown_alone_and_together(capsys: pytest.CaptureFixture[str]) -> None:
    one = checkpoints([0.1, 0.5, 0.9])
    other = [judge.Checkpoint("other", each.step, each.score, each.found) for each in one]
    judge.print_table({"x2y": one + other}, ALL)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[3:]]
    assert [row[1:3] for row in rows] == [["run", "3"], ["other", "3"], ["run + other", "6"]]
    assert np.unique([row[4] for row in rows]).tolist() == ["1.00 (1.00)"]


def test_a_measure_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["judge.py", "workspace", "data", "run", "--measures", "chr,harmony"])
    with pytest.raises(SystemExit):
        judge.main()
    assert "takes lsd, chr, ons and p, not harmony" in capsys.readouterr().err
