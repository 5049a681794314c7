"""A stage that runs ahead gives the same pieces, the same errors, and ends when nobody wants more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from styleshift.errors import AudioError
from styleshift.system.prefetch import prefetch


def test_the_pieces_come_in_order_and_from_another_thread() -> None:
    threads = set()

    def pieces() -> Iterator[int]:
        for number in range(100):
            threads.add(threading.get_ident())
            yield number

    assert list(prefetch(pieces())) == list(range(100))
    assert threads.isdisjoint({threading.get_ident()})
    assert list(prefetch([])) == []


def test_it_runs_ahead_and_not_too_far() -> None:
    made: list[int] = []
    ready = threading.Event()

    def pieces() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 3:
                ready.set()
            yield number

    line = prefetch(pieces(), depth=2)
    assert next(line) == 0
    assert ready.wait(60)  # two wait, one more is held: numbers 1 to 3
    assert made == [0, 1, 2, 3]
    line.close()


def test_an_error_comes_where_its_piece_would_have() -> None:
    def pieces() -> Iterator[int]:
        yield 1
        yield 2
        raise AudioError("damaged")

    line = prefetch(pieces())
    assert (next(line), next(line)) == (1, 2)
    with pytest.raises(AudioError, match="damaged"):
        next(line)


def test_what_nobody_wants_any_more_is_closed_in_its_thread() -> None:
    closed_by = []

    def pieces() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed_by.append(threading.get_ident())

    before = threading.active_count()
    line = prefetch(pieces())
    next(line)
    line.close()
    assert len(closed_by) == 1
    assert closed_by[0] != threading.get_ident()
    assert threading.active_count() == before
