"""Listening tests: their answers as CSV, and what they prove."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest
from starlette.testclient import TestClient

from styleshift.errors import NothingToDoError, UsageError
from styleshift.studio.listening import COLUMNS, answers_file, chance_of, list_answers, save_answers


def abx(correct: bool, **more: Any) -> dict[str, Any]:
    row = {"listener": "ear", "trial": 1, "recording": "song", "a": "Source", "b": "Converted", "x": "a"}
    return {**row, "answer": "a", "correct": correct, "seconds": 3.2, "plays": 1, **more}


@pytest.mark.parametrize(("correct", "trials"), [(8, 8), (6, 8), (0, 8), (12, 16)])
def test_the_chance_of_guessing_is_that_of_the_binomial_test(correct: int, trials: int) -> None:
    wanted = binomtest(correct, trials, 0.5, alternative="greater").pvalue
    assert chance_of(correct, trials) == pytest.approx(wanted)


def test_answers_are_rows(tmp_path: Path) -> None:
    result = save_answers(tmp_path, "abx", [abx(True), abx(False, trial=2)])
    assert (result["correct"], result["trials"], result["chance"]) == (1, 2, 0.75)
    rows = list(csv.DictReader(answers_file(tmp_path, result["name"]).open()))
    assert [(row["trial"], row["correct"]) for row in rows] == [("1", "1"), ("2", "0")]
    again = save_answers(tmp_path, "abx", [abx(True)])
    assert again["name"] != result["name"], "nothing is written over"
    assert set(list_answers(tmp_path)) == {result["name"], again["name"]}


def test_ratings_have_means(tmp_path: Path) -> None:
    base = dict.fromkeys(COLUMNS["mushra"], "x")
    rows = [{**base, "stimulus": name, "rating": value} for name, value in (("a", 80), ("b", 20), ("a", 60))]
    assert save_answers(tmp_path, "mushra", rows)["means"] == {"a": 70, "b": 20}


def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path: Path) -> None:
    name = save_answers(
        tmp_path, "abx", [abx(True, recording='=HYPERLINK("http://evil")', listener='a,\n"b')]
    )["name"]
    (row,) = csv.DictReader(answers_file(tmp_path, name).open())
    assert row["recording"].startswith("'=")
    assert row["listener"] == 'a,\\n"b'


@pytest.mark.parametrize(
    "rows", [[], [{"listener": "x"}], [5], [abx(True)] * 5001, [{**abx(True), "more": 1}]]
)
def test_what_is_no_answer_is_refused(tmp_path: Path, rows: list[Any]) -> None:
    with pytest.raises(UsageError):
        save_answers(tmp_path, "abx", rows)
    with pytest.raises(UsageError):
        save_answers(tmp_path, "taste", [abx(True)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["..", "../token", "abx.csv", "token"])
def test_only_answers_are_given_out(tmp_path: Path, name: str, client: TestClient) -> None:
    (tmp_path / "token").write_text("secret")
    with pytest.raises(NothingToDoError):
        answers_file(tmp_path, name)
    assert client.get(f"/api/tests/{name}").status_code == 404


def test_the_page_sends_and_fetches_them(client: TestClient) -> None:
    made = client.post("/api/tests", json={"kind": "abx", "rows": [abx(True)]}).json()
    assert client.get("/api/tests").json()["tests"] == [made["name"]]
    answer = client.get(f"/api/tests/{made['name']}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0] == ",".join(COLUMNS["abx"])
