"""The benchmark of words counts as Levenshtein does."""

from __future__ import annotations

import pytest
import words


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [("a small house", 0), ("", 3), ("small house", 1), ("a a small house", 1), ("a tall horse", 2)],
)
def test_words_put_in_left_out_or_changed_are_counted(heard: str, wrong: int) -> None:
    assert words.errors(heard.split(), ["a", "small", "house"]) == wrong
