"""One sentence on many files; of styleshift.progress."""

from __future__ import annotations

import pytest

from styleshift.progress import FirstFew, Reporter
from styleshift.words import Remark


class Heard(Reporter):
    """Remembers what it is told, with how urgent it is."""

    def __init__(self, asked_by: str = "") -> None:
        self.said: list[tuple[str, str]] = []
        self.asked_by = asked_by

    def detail(self, text: str) -> None:
        self.said.append(("detail", text))

    def warn(self, text: str) -> None:
        self.said.append(("warn", text))


@pytest.mark.parametrize(
    ("asked_by", "last"), [("", "3 more: is odd"), ("-v", "3 more: is odd; -v names them")]
)
def test_the_first_few_are_named_and_the_others_counted(asked_by: str, last: str) -> None:
    heard = Heard(asked_by)
    with FirstFew(heard, most=2) as few:
        for name in "abcde":
            few.warn(name, "is odd")
        few.warn("f", "is short")
    odd = [("warn", "a: is odd"), ("warn", "b: is odd"), *(("detail", f"{name}: is odd") for name in "cde")]
    assert heard.said == [*odd, ("warn", "f: is short"), ("warn", last)]


def test_as_many_as_are_named_leave_none_to_count() -> None:
    heard = Heard("-v")
    with FirstFew(heard, most=2) as few:
        for name in "ab":
            few.warn(name, "is odd")
    assert heard.said == [("warn", "a: is odd"), ("warn", "b: is odd")]
    with FirstFew(heard, most=0) as few:
        few.warn("c", "is odd")
    assert heard.said[2:] == [("detail", "c: is odd"), ("warn", "1 more: is odd; -v names it")]


def test_what_is_not_counted_is_always_said() -> None:
    heard = Heard()
    with FirstFew(heard, most=1, kinds=1) as few:
        for name in "abc":
            few.warn(name, "is odd")
            few.warn(name, f"is {name}")
    urgent = [text for urgency, text in heard.said if urgency == "warn"]
    assert urgent == ["a: is odd", "a: is a", "b: is b", "c: is c", "2 more: is odd"]


def test_others_can_name_them() -> None:
    heard = Heard("-v")
    with FirstFew(heard, most=0, named_by="the report") as few:
        few.warn("a", "is odd")
    assert heard.said[-1] == ("warn", "1 more: is odd; the report names it")


def test_sentences_of_one_kind_are_one() -> None:
    heard = Heard()
    with FirstFew(heard, most=2) as few:
        for number, name in enumerate("abcd"):
            few.warn(name, Remark(f"{number} bytes are missing", "bytes are missing"))
        few.warn("e", "4 bytes are missing")
    assert heard.said == [
        ("warn", "a: 0 bytes are missing"),
        ("warn", "b: 1 bytes are missing"),
        ("detail", "c: 2 bytes are missing"),
        ("detail", "d: 3 bytes are missing"),
        ("warn", "e: 4 bytes are missing"),
        ("warn", "2 more: bytes are missing"),
    ]
