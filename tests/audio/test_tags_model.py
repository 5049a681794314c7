"""Values of a field that are added by name; of styleshift.audio.tags.model."""

from __future__ import annotations

from styleshift.audio.tags.model import Tags

MANY = 3000


class Counted(str):
    """A value that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_of_many_values_each_is_compared_with_its_own_kind_only() -> None:
    tags = Tags()
    values = [f"value {number % 2000}" for number in range(MANY)]
    for value in values:
        tags.add_named("Artist", Counted(value))
    assert tags.fields == {"artist": list(dict.fromkeys(values))}
    assert Counted.compared <= 2 * MANY


def test_values_keep_their_order_and_come_once_by_whatever_way_they_came() -> None:
    tags = Tags({"artist": ["b"]})
    tags.add_named("ARTIST", "a", "b", "")
    tags.add("artist", "c", "c")
    tags.add_named("artist", "c", "d", "a")
    tags.add_named("genre", "")
    tags.update(Tags({"genre": ["Polka"], "artist": ["e"]}))
    tags.add_named("genre", "Polka", "Waltz")
    tags.add_named("tracknumber", "3/12", " 3 / 12 ", "4")
    assert tags.fields == {
        "artist": ["b", "a", "c", "c", "d"],
        "genre": ["Polka", "Waltz"],
        "tracknumber": ["3", "4"],
        "tracktotal": ["12"],
    }
    assert tags == Tags({name: list(values) for name, values in tags.fields.items()})
