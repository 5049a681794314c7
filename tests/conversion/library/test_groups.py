"""What is said of many files is said once, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from styleshift.conversion.library.groups import grouped, lost_and_changed
from styleshift.words import Remark


def test_files_of_one_sentence_stand_together_the_most_first() -> None:
    found = grouped([("a", "silent"), ("b", "softer"), ("c", "softer")])
    assert [(each.sentence, each.count, each.names) for each in found.shown] == [
        ("softer", 2, ["b", "c"]),
        ("silent", 1, ["a"]),
    ]
    assert found.more == 0
    assert grouped([]).shown == []


def test_files_of_one_kind_stand_together_each_with_its_own_sentence() -> None:
    said = [("a", 3), ("b", 3), ("c", 4)]
    told = [(name, Remark(f"{value} dB softer", "1 dB softer, or more")) for name, value in said]
    (group,) = grouped(told).shown
    assert (group.kind, group.sentence, group.count) == ("1 dB softer, or more", "3 dB softer", 3)
    assert group.files == [("a", ""), ("b", ""), ("c", "4 dB softer")]
    assert group.various
    assert not grouped(told[:2]).shown[0].various
    (late,) = grouped((f"{number}", Remark(f"{number // 150}", "x")) for number in range(151)).shown
    assert late.various  # though no name beside is of one that differs


def test_what_is_lost_and_what_is_changed_stand_apart() -> None:
    louder, softer = (Remark(f"{value} dB", "louder") for value in (2, 3))
    lost, changed = lost_and_changed([("a", ["cover", "cover"], [softer]), ("b", ["cover"], [louder])])
    assert [(each.said, each.names) for each in lost.shown] == [("cover", ["a", "b"])]
    assert [(each.said, each.names) for each in changed.shown] == [("louder", ["a", "b"])]


def test_of_many_only_the_first_names_are_kept() -> None:
    (group,) = grouped((f"{number}", "silent") for number in range(5000)).shown
    assert (group.count, group.names) == (5000, [f"{number}" for number in range(100)])


def test_of_more_sentences_than_are_shown_the_rest_is_counted() -> None:
    told = [(f"{number}", f"softer by {number}") for number in range(3000)]
    found = grouped([*told, ("x", "silent"), ("y", "silent"), ("z", "softer by 1")])
    shown = [(each.sentence, each.count, each.names) for each in found.shown]
    assert shown[:3] == [
        ("softer by 1", 2, ["1", "z"]),
        ("silent", 2, ["x", "y"]),
        ("softer by 0", 1, ["0"]),
    ]
    assert len(shown) == 100
    assert found.more + sum(count for _, count, _ in shown) == 3003


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_is_said_of_most_comes_first_though_it_is_said_late(times: int) -> None:
    def told() -> Iterator[tuple[str, str]]:
        for number in range(1500 * times):
            yield f"a{number}", f"softer by {number // times}"
        for number in range(9000):
            yield f"b{number}", "silent"
            yield f"c{number}", f"louder by {number}"

    found = grouped(told())
    assert (found.shown[0].sentence, found.shown[0].count) == ("silent", 9000)
    assert (found.shown[1].sentence, found.shown[1].count) == ("softer by 0", times)
    assert found.more + sum(each.count for each in found.shown) == 1500 * times + 18000
