"""What a table says to avoid is not played, however its title is written."""

from __future__ import annotations

import csv
from pathlib import Path

from material.pieces import usable_scores

QUARTET = "String Quartet No.14 in G major, K.387 (Op. 10, No. 1), part 1"
FUGUE = "Fugue in G Minor KV 154/385k"
TUNE = "Honey Moon reel"
OTHERS = ["Menuet II (Trio)", "Golden Slippers"]


def _table(path: Path, column: str, titles: list[str]) -> Path:
    fields = ["file", "licence", "instruments"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column, *fields])
        writer.writerows([title, f"folder/{index}.mid", "", ""] for index, title in enumerate(titles))
    return path


def _left(folder: Path, avoided: list[str]) -> list[str]:
    _table(folder / "index.csv", "title", [QUARTET, FUGUE, TUNE, *OTHERS])
    return [score.title for score in usable_scores(folder, [_table(folder / "avoid.csv", "piece", avoided)])]


def test_a_title_is_avoided_as_the_scores_have_it(tmp_path: Path) -> None:
    assert _left(tmp_path, [QUARTET, FUGUE, TUNE]) == OTHERS


def test_a_folder_and_a_remark_are_no_part_of_a_title(tmp_path: Path) -> None:
    assert _left(tmp_path, ["ryan/HoneyMoonReel (arr. quartet)"]) == [QUARTET, FUGUE, *OTHERS]


def test_nothing_is_avoided_but_what_a_table_names(tmp_path: Path) -> None:
    near = ["Menuet I", "ryan/GoldenKey", "Fugue in C Minor"]
    assert _left(tmp_path, near) == [QUARTET, FUGUE, TUNE, *OTHERS]
