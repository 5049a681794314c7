"""The tables in ``tools/material/sources``: no score is of a test, and who typeset one is named."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from material.pieces import usable_scores
from material.scores import plain_title

SETS = {"violin_piano": "violin2piano", "country_classical": "country2classical"}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def sources(repository: Path) -> Path:
    return repository / "tools" / "material" / "sources"


@pytest.mark.parametrize("pair", SETS)
def test_no_piece_of_a_test_is_among_the_scores(sources: Path, tmp_path: Path, pair: str) -> None:
    table = sources / f"held_out_{pair}.csv"
    tested = [row["piece"] for row in _rows(table) if row["split"] == "test"]
    assert len(tested) == 6
    scores = _rows(sources / "scores.csv")
    numbers = {number for piece in tested for number in re.findall(r"bwv(\d+)", piece)}
    assert not numbers & {number for row in scores for number in re.findall(r"BWV (\d+)", row["title"])}
    tunes = {plain_title(piece.split("/")[1]) for piece in tested if piece.startswith("ryan/")}
    assert not tunes & {plain_title(row["title"]) for row in scores}
    # Of those that fd and p are measured against, one: the models that ship learned from an order without it.
    (tmp_path / "index.csv").write_bytes((sources / "scores.csv").read_bytes())
    played = {score.title for score in usable_scores(tmp_path, [table])}
    left_out = {row["title"] for row in scores} - played
    assert left_out == ({"Soldier's Joy"} if pair == "country_classical" else set())


@pytest.mark.parametrize("pair", SETS)
def test_the_scripts_pass_the_table_of_their_test(
    repository: Path, sources: Path, tmp_path: Path, pair: str
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\necho "$@"\n')
    python.chmod(0o755)
    known = f"pair={pair} folder=made scores=s notes=n"
    script = f"{known}; source tools/models/material.sh; render plain 48 1 --plain"
    said = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=repository,
        env={"PATH": f"{python.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    passed = Path(said[said.index("--avoid") + 1])
    assert passed.resolve() == (sources / f"held_out_{pair}.csv").resolve()
    assert said[-1] == "--plain"


def test_the_tables_beside_the_checkout_name_the_same_pieces(shared_data: Path, sources: Path) -> None:
    for pair, folder in SETS.items():
        recordings = _rows(shared_data / folder / "manifest.csv")
        there = {(row["piece"].split(" (")[0], row["split"]) for row in recordings}
        assert there == {(row["piece"], row["split"]) for row in _rows(sources / f"held_out_{pair}.csv")}


def test_who_typeset_a_score_under_cc_by_is_named(sources: Path) -> None:
    for row in _rows(sources / "scores.csv"):
        asks = row["licence"].startswith("CC BY") and "MutopiaProject" in row["source"]
        assert bool(row["typesetter"]) == asks, row["file"]


def test_typesetters_on_cards_stand_in_the_table(repository: Path, sources: Path) -> None:
    known = {(row["typesetter"], row["licence"]) for row in _rows(sources / "scores.csv")}
    named: dict[str, set[str]] = {}
    for pair in SETS:
        card = tomllib.loads((repository / f"tools/models/cards/{pair}.toml").read_text(encoding="utf-8"))
        for direction in [key for key, value in card.items() if isinstance(value, dict)]:
            credited = " ".join(card[direction].get("credits", card.get("credits", ())))
            found = re.findall(r"typeset by ([^(]+) \((CC BY [\d.]+)\)", credited)
            assert set(found) <= known
            named[direction] = {name for name, _ in found}
    # Whose scores the order of drawing brings among the pieces that were, or may have been, learned from.
    assert named == {
        "violin to piano": {"Erik Sjölund", "Ying-Chun Liu"},
        "piano to violin": {"Erik Sjölund", "Ying-Chun Liu"},
        "country to classical": {"Urs Metzger"},
        "classical to country": {"Urs Metzger"},
    }
