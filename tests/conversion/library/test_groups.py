"""What is said of many files is said once, whatever their number."""

from __future__ import annotations

from styleshift.conversion.library.groups import grouped


def test_files_of_one_sentence_stand_together_the_most_first() -> None:
    found = grouped([("a", "silent"), ("b", "softer"), ("c", "softer")])
    assert [(each.sentence, each.count, each.names) for each in found.shown] == [
        ("softer", 2, ["b", "c"]),
        ("silent", 1, ["a"]),
    ]
    assert found.more == 0
    assert grouped([]).shown == []


def test_of_many_only_the_first_names_are_kept() -> None:
    (group,) = grouped((f"{number}", "silent") for number in range(5000)).shown
    assert (group.count, group.names) == (5000, [f"{number}" for number in range(100)])


def test_of_more_sentences_than_are_shown_the_rest_is_counted() -> None:
    told = [(f"{number}", f"softer by {number}") for number in range(3000)]
    found = grouped([*told, ("x", "softer by 700"), ("y", "softer by 700")])
    assert (found.shown[0].sentence, found.shown[0].count) == ("softer by 700", 3)
    assert len(found.shown) == 100
    assert found.more + sum(each.count for each in found.shown) == 3002
