"""A table that has no room says so, in words, whatever is done with it."""

from __future__ import annotations

import pytest

from styleshift.system.table import TableError, temporary_table


def test_no_room_is_said_in_words() -> None:
    table = temporary_table()
    table.execute("CREATE TABLE one (value)")
    table.execute("PRAGMA max_page_count = 4")
    with pytest.raises(TableError, match="temporary folder"):
        table.executemany("INSERT INTO one VALUES (?)", ((bytes(1000),) for _ in range(100)))
    with pytest.raises(TableError, match="temporary folder"):  # SQLite calls it malformed from now on
        table.execute("INSERT INTO one VALUES (?)", (bytes(9000),))
