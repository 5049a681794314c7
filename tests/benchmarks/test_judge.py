"""The benchmark of the trainer's score compares it with all measures as one."""

from __future__ import annotations

import math

import agreement
import judge
import numpy as np
import pytest
import truth

from styleshift.evaluation.checkpoint_score import WEIGHTS, CheckpointScore
from styleshift.evaluation.classifier import StyleClassifier
from styleshift.evaluation.features import Features
from styleshift.frontend import log_spectrogram
from styleshift.recipes import load_recipe
from tests.helpers.vowels import utterance

ALL = agreement.Scale(judge.MUSIC, ("lsd", "chr", "ons", "p"))


def score(value: float, **terms: float) -> CheckpointScore:
    """One whose style is ``value``, or has other terms, and whose content is whole."""
    return CheckpointScore(**(dict.fromkeys(WEIGHTS, value) | terms), kept={"harmony": 1.0})


def checkpoints(scores: list[float]) -> list[agreement.Checkpoint]:
    """The last is best by far in p, and the worst in lsd by less than can be told; halves agree."""
    rows = [
        {"lsd": lsd, "chr": 0.0, "ons": 0.0, "fd": 0.0, "fd3": fd3, "p": p}
        for lsd, fd3, p in ((6.40, 30.0, 0.1), (6.41, 20.0, 0.5), (6.42, 10.0, 0.9))
    ]
    return [
        agreement.Checkpoint("run", 100 * number, score(value), [row] * (1 + 2 * truth.SPLITS))
        for number, (row, value) in enumerate(zip(rows, scores, strict=True))
    ]


def rows() -> list[truth.Row]:
    return [each.found[0] for each in checkpoints([0, 0, 0])]


def test_a_difference_counts_by_what_it_says_and_not_by_its_rank() -> None:
    rank, units, *_ = ALL.wholes(rows())
    assert rank == pytest.approx([2.0, 2.0, 2.0])
    assert units[2] - units[0] == pytest.approx(8 - 0.1)


def test_each_frechet_distance_counts_alone_and_with_the_other() -> None:
    moved = [{**row, "fd": row["fd3"] / 2} for row in rows()]
    gains = [whole[2] - whole[0] for whole in ALL.wholes(moved)[1::2]]
    assert gains == pytest.approx([8 - 0.1 + 1, 8 - 0.1 + 2, 8 - 0.1 + 3])


def test_a_measure_that_is_not_asked_for_does_not_count() -> None:
    assert judge.scale_of(False, "chr,p").wholes(rows())[1] == pytest.approx([1, 5, 9])


def test_a_truth_whose_halves_agree_bounds_nothing_and_one_of_chance_bounds_all() -> None:
    scale, agreed = judge.scale_of(False, "p"), checkpoints([0, 0, 0])
    assert scale.ceilings(agreed)[1] == pytest.approx(1)
    against = [
        agreement.Checkpoint(
            each.run, each.step, each.score, [each.found[0], *[each.found[0], other.found[0]] * truth.SPLITS]
        )
        for each, other in zip(agreed, agreed[::-1], strict=True)
    ]
    assert scale.ceilings(against)[1] == 0


def test_the_table_says_what_the_chosen_checkpoint_and_the_last_reach_of_the_best() -> None:
    cells = ALL.summary(checkpoints([0.1, 0.9, 0.5]))
    assert cells[0] == "3"
    assert cells[-3] == "run 100"
    assert [float(cell) for cell in cells[-2:]] == pytest.approx([0.5, 1], abs=0.01)


def test_runs_are_shown_alone_and_together(capsys: pytest.CaptureFixture[str]) -> None:
    one = checkpoints([0.1, 0.5, 0.9])
    other = [agreement.Checkpoint("other", each.step, each.score, each.found) for each in one]
    agreement.print_tables({"x2y": one + other}, ALL)
    tables = capsys.readouterr().out.split("\n\n")
    rows, terms = ([line.split(" | ") for line in table.strip().splitlines()[2:]] for table in tables)
    assert [row[1:3] for row in rows] == [["run", "3"], ["other", "3"], ["run + other", "6"]]
    assert np.unique([row[4] for row in rows]).tolist() == ["1.00 (1.00)"]
    assert [row[1] for row in terms] == [row[1] for row in rows]


def test_a_term_is_shown_alone_and_the_score_without_it() -> None:
    wrong = [0.9, 0.5, 0.1]
    given = [
        agreement.Checkpoint(each.run, each.step, score(right, decay=swings), each.found)
        for each, right, swings in zip(checkpoints([0, 0, 0]), (0.40, 0.41, 0.42), wrong, strict=True)
    ]
    cells = dict(zip((*WEIGHTS, "content"), ALL.terms(given), strict=True))
    assert cells["decay"] == "-1.00, 1.00, 1.00"
    assert cells["margin"] == "1.00, -1.00, 0.00"
    assert agreement.without(given[0].score, "decay") == pytest.approx(0.40)
    assert agreement.without(score(0.5, margin=0.9), "content") == score(0.5, margin=0.9).style
    missing = [
        agreement.Checkpoint(each.run, each.step, score(0.5, decay=math.nan), each.found) for each in given
    ]
    assert ALL.terms(missing)[list(WEIGHTS).index("decay")] == ""


class Unsure(StyleClassifier):
    def __init__(self) -> None:
        pass

    def probability(self, recording: Features) -> float:
        return 0.5


def test_a_sentence_that_is_said_slower_is_near_where_time_is_warped() -> None:
    config = load_recipe("voice").spectrogram

    def said(sounds: str, hertz: float) -> truth.Heard:
        return truth.Heard.of(log_spectrogram(utterance(sounds, hertz), config).T, config, voice=True)

    goal = said("IAUE", 200)
    warped, stiff = (
        kind([goal, goal], [goal, said("EUAI", 200)], Unsure()) for kind in (truth.SpokenTruth, truth.Truth)
    )
    slow, low, other = said("IIAAUUEE", 200), said("IIAAUUEE", 141), said("UUEEIIAA", 200)
    found, deep, wrong = (warped.measure([one, one])[0] for one in (slow, low, other))
    assert found["lsd"] < stiff.measure([slow, slow])[0]["lsd"] / 2
    assert found["f0"] < 0.2
    assert deep["f0"] == pytest.approx(6, abs=0.3)
    assert found["mcd"] < wrong["mcd"] / 2


@pytest.mark.parametrize(
    ("options", "there"),
    [([], "lsd, chr, ons, p"), (["--align"], "lsd, mcd, f0, p")],
)
def test_a_measure_that_does_not_exist_is_named(
    options: list[str], there: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("truth.SpeakerEncoder.find", lambda: None)
    words = ["judge.py", "workspace", "data", "run", "--measures", "p,harmony", *options]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit):
        judge.main()
    assert f"takes {there}, not harmony" in capsys.readouterr().err
