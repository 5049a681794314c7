"""Tables on disk for what grows with a library: SQLite, in a nameless file that ends with its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from styleshift.errors import StyleshiftError

_CACHE_KILOBYTES = 16_000


class TableError(StyleshiftError):
    """There is no room for a table; what is in it cannot be trusted from then on."""

    def __init__(self, error: sqlite3.Error) -> None:
        super().__init__(
            f"what is known of the library's files has no room in the temporary folder ({error})",
            "make room there, or name another folder in the variable SQLITE_TMPDIR; then run again",
        )


def _told(method: Any) -> Any:
    """A method whose errors say that there is no room."""

    def call(*values: Any) -> Any:
        try:
            return method(*values)
        except sqlite3.DatabaseError as error:
            raise TableError(error) from error

    return call


class _Cursor(sqlite3.Cursor):
    execute = _told(sqlite3.Cursor.execute)
    executemany = _told(sqlite3.Cursor.executemany)
    __next__ = _told(sqlite3.Cursor.__next__)  # to sort takes room, too


class _Connection(sqlite3.Connection):
    def execute(self, *query: Any) -> Any:
        return self.cursor(_Cursor).execute(*query)

    def executemany(self, query: str, rows: Iterable[Any]) -> Any:
        return self.cursor(_Cursor).executemany(query, rows)


def temporary_table() -> sqlite3.Connection:
    """A database of this process alone. It lies where SQLite has temporary files: see ``SQLITE_TMPDIR``.

    Raises:
        TableError: there is no room, also later, by whatever is done with it.
    """
    table = sqlite3.connect("", isolation_level=None, check_same_thread=False, factory=_Connection)
    # Nothing of it outlives the process: it never waits for the disk.
    table.execute("PRAGMA journal_mode = OFF")
    table.execute("PRAGMA synchronous = OFF")
    table.execute(f"PRAGMA cache_size = -{_CACHE_KILOBYTES}")
    table.execute("BEGIN")  # for good: each end of a transaction looks through all of the cache
    return table


def as_bytes(name: str) -> bytes:
    """A name as a value: SQLite's own text cannot hold what is not UTF-8."""
    return name.encode("utf-8", "surrogatepass")


def as_name(value: bytes) -> str:
    """The name again."""
    return value.decode("utf-8", "surrogatepass")
