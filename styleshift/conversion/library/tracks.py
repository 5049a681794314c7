"""The files of a plan, and what becomes of each: in a table on disk, for there may be a million."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from styleshift.audio.find import Skipped, Stamp
from styleshift.conversion.library.journal import with_kinds
from styleshift.system.hashing import FileStamp
from styleshift.system.table import as_bytes, as_name

MADE = ("done", "unchanged")
"""The statuses of files that are converted now: there is an output, of which the journal knows more."""
IS_MADE = f"status IN {MADE}"
"""Whether a file is one of them, in SQL."""

# Rows that are read, and then written, at once.
_PAGE = 1000
_TABLES = (
    "track (number INTEGER PRIMARY KEY, name BLOB, below BLOB, size INT, mtime_ns INT, ctime_ns INT,"
    " inode INT, there INT, work REAL, music REAL, again TEXT DEFAULT '', known TEXT DEFAULT '',"
    " status TEXT DEFAULT '', reason TEXT DEFAULT '', told TEXT DEFAULT '')",
    "folder (name BLOB)",
    "skipped (told TEXT)",
)
_TRACK = (
    "number, name, below, track.size, track.mtime_ns, track.ctime_ns, track.inode,"
    " there, work, music, again, known"
)
_ENTRY = "LEFT JOIN entry ON entry.target = track.below"


class Track(NamedTuple):
    """One file.

    Attributes:
        number: its place in the plan, from 0.
        name: POSIX path below the source folder; what tables and reports show.
        below: POSIX path of its output below the output folder.
        stamp: of the source as it was found.
        there: whether something had the output's name in a store; None: outputs are on this machine.
        work: about how long it takes, in a unit of its own: 10 000 would take a while.
        music: about how long it is, in seconds.
        again: why it is converted again; empty: it is not, or not known yet.
        known: digest of the source that the output there was made from, if it may prove to be right still.
    """

    number: int
    name: str
    below: str
    stamp: Stamp
    there: bool | None = None
    work: float = 0.0
    music: float = 0.0
    again: str = ""
    known: str = ""


class Known(NamedTuple):
    """What the journal knows of a file's output: see :class:`~styleshift.conversion.library.journal`."""

    state: str
    key: str
    digest: str
    stamp: Stamp
    lossy: bool


class TrackOutcome(NamedTuple):
    """What became of one file; crosses process borders, so plain values only.

    Attributes:
        name: of the job.
        status: ``done``, ``unchanged`` (an earlier run's output is still right), ``left out`` or ``failed``.
        reason: a short word where it failed or was left out.
        message: a plain line where it failed or was left out.
        hint: what to try.
        digest: of the source, as it was when it was read.
        stamp: of the source.
        result: see :class:`styleshift.conversion.track.convert.TrackResult`.
        exit_code: where the whole run has to end for this.
    """

    name: str
    status: str
    reason: str = ""
    message: str = ""
    hint: str = ""
    digest: str = ""
    stamp: FileStamp = FileStamp()
    result: Mapping[str, Any] = {}
    exit_code: int = 0


class Figures(NamedTuple):
    """What the journal has of a conversion, as it lies there: few want more than to write it down again.

    Attributes:
        text: the result, in JSON.
        kinds: of the sentences in it, in JSON; may be empty.
    """

    text: str = "{}"
    kinds: str = ""

    def read(self) -> dict[str, Any]:
        """The result; see :class:`styleshift.conversion.track.convert.TrackResult`."""
        return with_kinds(self.text, self.kinds)


class Sums(NamedTuple):
    """Figures of all files of a status.

    Attributes:
        files: how many they are.
        seconds: music that was converted.
        unlike: how many have something changed or lost.
    """

    files: int = 0
    seconds: float = 0.0
    unlike: int = 0


class Tracks:
    """All files of a plan, in its order.

    Args:
        table: of the journal, whose entries stand beside them.
    """

    def __init__(self, table: sqlite3.Connection) -> None:
        self._table = table
        self._count = 0
        self._sums: dict[str, Sums] | None = None  # of now; None: not known
        for each in _TABLES:
            table.execute(f"CREATE TABLE {each}")

    def __len__(self) -> int:
        return self._count

    def add(self, folder: str, tracks: Iterable[Track]) -> None:
        """Add those that lie in one folder, whose name ends with a slash or is empty."""
        rows = [
            (each.number, as_bytes(each.name), as_bytes(each.below), *each.stamp, *each[4:7])
            for each in tracks
        ]
        if rows:
            columns = "number, name, below, size, mtime_ns, ctime_ns, inode, there, work, music"
            self._table.executemany(f"INSERT INTO track ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
            self._table.execute("INSERT INTO folder VALUES (?)", (as_bytes(folder),))
            self._count += len(rows)

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Add what is no recording."""
        rows = [(json.dumps([each.name, each.kind, each.message, each.notable]),) for each in skipped]
        self._table.executemany("INSERT INTO skipped VALUES (?)", rows)

    def skipped(self) -> Iterator[Skipped]:
        """What is no recording, in the order in which it was met."""
        return (Skipped(*json.loads(row[0])) for row in self._rows("SELECT told FROM skipped ORDER BY rowid"))

    def folders(self) -> Iterator[str]:
        """The folders of tracks, whose names end with a slash or are empty."""
        return (as_name(row[0]) for row in self._rows("SELECT name FROM folder ORDER BY rowid"))

    def each(self) -> Iterator[Track]:
        """All of them."""
        return self._tracks("ORDER BY number")

    def todo(self) -> Iterator[Track]:
        """Those without an end, the longest first; ends may be noted meanwhile, for they are sorted apart."""
        return self._tracks("WHERE status = '' ORDER BY work DESC, number")

    def one(self, number: int) -> Track:
        """The one with a number; raises IndexError."""
        for track in self._tracks("WHERE number = ?", number):
            return track
        raise IndexError(number)

    def number(self, name: str) -> int | None:
        """Of the track of a name; None: there is none."""
        self._table.execute("CREATE INDEX IF NOT EXISTS by_name ON track (name)")
        return next((track.number for track in self._tracks("WHERE name = ?", as_bytes(name))), None)

    def known(self) -> Iterator[list[tuple[Track, Known | None]]]:
        """All of them with what the journal knows of their outputs; some at a time, to be settled then."""
        columns = "state, key, digest, entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode, lossy"
        query = (
            f"SELECT {_TRACK}, {columns} FROM track {_ENTRY} WHERE number >= ? AND number < ? ORDER BY number"
        )
        for start in range(0, self._count, _PAGE):
            rows = self._table.execute(query, (start, start + _PAGE)).fetchall()
            yield [(_track(row), _known(row[12:]) if row[12] is not None else None) for row in rows]

    def settle(self, found: Iterable[tuple[int, TrackOutcome | None, str, str]]) -> None:
        """Note by number an end; or else why it is converted again, and the digest it was made from."""
        self._sums = None
        self._table.executemany(
            "UPDATE track SET status = ?, reason = ?, told = ?, again = ?, known = ? WHERE number = ?",
            ((*_stored(end), again, known, number) for number, end, again, known in found),
        )

    def end(self, number: int, end: TrackOutcome) -> None:
        """Note what became of one. Digest and result stand in the journal."""
        self._sums = None
        self._table.execute(
            "UPDATE track SET status = ?, reason = ?, told = ? WHERE number = ?", (*_stored(end), number)
        )

    def ends(self, where: str = "", *values: object) -> Iterator[tuple[Track, TrackOutcome, Figures]]:
        """All of them with their ends and figures, in the order of the plan.

        What was not reached has an empty status.

        Args:
            where: SQL that says which, and in which order.
            values: of its question marks.
        """
        query = f"SELECT {_TRACK}, status, reason, told, digest, kinds, result FROM track {_ENTRY} "
        for row in self._rows(query + (where or "ORDER BY number"), *values):
            track, (status, reason, told) = _track(row), row[12:15]
            made = status in MADE and row[17]
            digest, figures = (row[15], Figures(row[17], row[16])) if made else ("", Figures())
            message, hint, code = json.loads(told) if told else ("", "", 0)
            end = TrackOutcome(track.name, status, reason, message, hint, digest, exit_code=code)
            yield track, end, figures

    def sums(self) -> dict[str, Sums]:
        """By status, what there is of it."""
        if self._sums is None:
            figures = "count(*), total(seconds), count(nullif(unlike, 0))"
            rows = self._rows(f"SELECT status, {figures} FROM track {_ENTRY} GROUP BY status")
            self._sums = {row[0]: Sums(*row[1:]) for row in rows}
        return self._sums

    def value(self, what: str, where: str = "", *values: object) -> Any:
        """One figure of all, or of some: an SQL expression."""
        return next(self._rows(f"SELECT {what} FROM track {where}", *values))[0]

    def some(self, most: int, which: str) -> Iterator[Track]:
        """So many at most of those for which an SQL expression is true, spread over all of them."""
        count = self.value("count(*)", f"WHERE {which}")
        spread = "place = 0 OR place * ?1 / ?2 != (place - 1) * ?1 / ?2"
        numbered = f"SELECT *, row_number() OVER (ORDER BY number) - 1 AS place FROM track WHERE {which}"
        columns = _TRACK.replace("track.", "")
        return map(_track, self._rows(f"SELECT {columns} FROM ({numbered}) WHERE {spread}", most, count))

    def again(self) -> list[tuple[str, int]]:
        """How many were converted again, by reason, the most frequent first."""
        query = "SELECT again, count(*) FROM track WHERE status = 'done' AND again != '' GROUP BY again"
        return [(why, count) for why, count in self._rows(f"{query} ORDER BY 2 DESC, min(number)")]

    def _tracks(self, which: str, *values: object) -> Iterator[Track]:
        return map(_track, self._rows(f"SELECT {_TRACK} FROM track {which}", *values))

    def _rows(self, query: str, *values: object) -> Iterator[Any]:
        return self._table.execute(query, values)


def _track(row: tuple[Any, ...]) -> Track:
    there = None if row[7] is None else bool(row[7])
    return Track(row[0], as_name(row[1]), as_name(row[2]), row[3:7], there, *row[8:12])


def _known(row: tuple[Any, ...]) -> Known:
    return Known(row[0], row[1], row[2], row[3:7], row[7])


def _stored(end: TrackOutcome | None) -> tuple[str, str, str]:
    if end is None:
        return "", "", ""
    rest = (end.message, end.hint, end.exit_code)
    return end.status, end.reason, json.dumps(rest) if any(rest) else ""
