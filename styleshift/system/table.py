"""Tables on disk for what grows with a library: SQLite, in a nameless file that ends with its process."""

from __future__ import annotations

import sqlite3

_CACHE_KILOBYTES = 16_000


def temporary_table() -> sqlite3.Connection:
    """A database of this process alone. It lies where SQLite has temporary files: see ``SQLITE_TMPDIR``."""
    table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
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
