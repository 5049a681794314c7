"""What was done in an output folder, so that a run that was stopped goes on where it was.

One JSON line an event, appended: a kill at any moment costs at most the last line. ``begun`` is on the disk
before a file's output can appear under its name; ``done`` is written after it has, ``failed`` if it never
did, ``kept`` if the output of an earlier run is still there instead. These three need not be on the disk at
once: what a power failure takes of them is done again. So an output that is there was made by us unless its
file ``failed`` or is not in the journal, and is up to date if it is ``done`` with the same source and
settings. Whose one is that was ``begun`` when a run was killed, its comment says. A run over a whole library,
if it is long, leaves one line an output: reading its journal must not take longer from run to run.

What was read lies in a table on disk, beside the plan's: a library may have a million files.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from styleshift.audio.find import Stamp
from styleshift.errors import UsageError
from styleshift.system.files import atomic_file
from styleshift.system.hashing import FileStamp, storable
from styleshift.system.lines import JsonLines, plain
from styleshift.system.lock import file_lock
from styleshift.system.table import as_bytes, as_name, temporary_table
from styleshift.words import Remark

FOLDER = ".styleshift"

_BLOCK_BYTES = 1 << 20
# Lines that count no more and are not worth a journal written anew.
_FEW = 1000
_COLUMNS = (
    *("target", "state", "key", "digest", "size", "mtime_ns", "ctime_ns", "inode", "runtime", "device"),
    *("time_ns", "kinds", "result", "lossy", "unlike", "seconds"),
)
_ENTRY = ", ".join(_COLUMNS[:13])
_MOST = 1 << 63
_AT_ONCE = 500
# As the last key of a line, what is behind it need not be read and written again to be reported.
_NAME = b'"result"'
_RESULT = _NAME + b": "


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The last that is known of one output.

    Attributes:
        target: path below the output folder, POSIX.
        state: ``begun``, ``done``, ``failed`` or ``kept``.
        key: of model and settings; see :meth:`styleshift.conversion.settings.ConvertSettings.key`.
        digest: of the source's bytes; empty unless done.
        stamp: of the source; its fields stand beside the others in the file.
        runtime: that the run takes; empty where it was not settled. Not part of the key: see there.
        device: that it takes, without a number: ``cpu`` or ``cuda``.
        result: figures, as :class:`styleshift.conversion.track.convert.TrackResult` has them.
        time_ns: when it was written, nanoseconds since 1970: the newest of several journals' entries counts.
    """

    target: str
    state: str
    key: str
    digest: str = ""
    stamp: FileStamp = field(default_factory=FileStamp)
    runtime: str = ""
    device: str = ""
    result: dict[str, Any] = field(default_factory=dict, compare=False)
    time_ns: int = field(default=0, compare=False)


class LibraryJournal:
    """The journal of one output folder; a context manager that holds the folder's lock.

    A run over the whole library has the folder to itself. Runs over parts share it, each with a lock of its
    part's own.

    Args:
        output: the folder; it is made.
        part: empty, or a name for the part of the library that this run works on, which has a journal of its
            own.

    Attributes:
        output: see there.
        table: what was read, beside which a plan may have tables of its own.

    Raises:
        LockedError: another run works there.
        UsageError: the folder cannot be written to.
    """

    def __init__(self, output: Path, part: str = "") -> None:
        self.output = output
        self._folder = output / FOLDER
        self._suffix = f"-{part}" if part else ""
        self._place = str(output)
        self.table = temporary_table()
        self.table.execute(f"CREATE TABLE entry ({', '.join(_COLUMNS)}, PRIMARY KEY (target))")
        self._known: dict[tuple[Path, int], int] = {}  # by path and inode, how much of a journal was read
        self._count = 0  # lines of all journals
        self._written = False
        self._lines: JsonLines | None = None
        self._locks = contextlib.ExitStack()

    def __enter__(self) -> LibraryJournal:
        try:
            with self._locks as locks:  # which are let go of again where anything goes wrong
                self._hold(locks)
                self.load()
                self._lines = JsonLines(self._own, sync=False)
                self._locks = locks.pop_all()
        except OSError as error:
            message = f"cannot write to {self._place}: {error.strerror or error}"
            raise UsageError(message, "use another `output`") from error
        return self

    def _hold(self, locks: contextlib.ExitStack) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        locks.enter_context(self._lock("lock", shared=bool(self._suffix)))
        if self._suffix:
            locks.enter_context(self._lock(f"lock{self._suffix}"))

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        lines, self._lines = self._lines, None
        with self._locks, lines or contextlib.nullcontext(), contextlib.suppress(OSError):
            if lines is not None and self._written:
                lines.sync()  # the last line that matters was waited for
            if lines is not None and kind is None:  # else the table may lack what the file has
                self._shorten()

    @property
    def _own(self) -> Path:
        return self._folder / f"journal{self._suffix}.jsonl"

    def _lock(self, name: str, *, shared: bool = False) -> contextlib.AbstractContextManager[None]:
        hint = "wait until it has ended, or use another `output`"
        return file_lock(self._folder / name, self._place, hint, shared=shared)

    def load(self) -> None:
        """Read what was written since the last time, or for the first time."""
        there = {}
        for path in sorted(self._folder.glob("journal*.jsonl")):
            with contextlib.suppress(FileNotFoundError):  # a run that has just ended put several into one
                there[path, path.stat().st_ino] = path
        if not self._known.keys() <= there.keys():  # somebody wrote one anew
            self.table.execute("DELETE FROM entry")
            self._known, self._count = {}, 0
        for key, path in there.items():
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                file.seek(self._known.get(key, 0))
                rest = b""
                while block := file.read(_BLOCK_BYTES):
                    *lines, rest = (rest + block).split(b"\n")
                    self._take(lines)
                self._known[key] = file.tell() - len(rest)
                self._take([rest])  # cut short by a kill, or not quite written yet

    def _take(self, lines: list[bytes]) -> None:
        lines = [line for line in lines if line]
        self._count += len(lines)
        self._put(_rows(lines))

    def _put(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Rows that are newer than those with their targets take their place."""
        columns = ", ".join(_COLUMNS)
        marks = ", ".join("?" * len(_COLUMNS))
        newer = ", ".join(f"excluded.{column}" for column in _COLUMNS)
        self.table.executemany(
            f"INSERT INTO entry VALUES ({marks}) ON CONFLICT (target) DO UPDATE SET ({columns}) = ({newer})"
            " WHERE excluded.time_ns >= time_ns",
            rows,
        )

    def whole(self) -> Iterator[bytes]:
        """The lines that count, one an output."""
        for target, *row in self.table.execute(f"SELECT {_ENTRY} FROM entry ORDER BY rowid"):
            yield _line((as_name(target), *row))

    def _shorten(self) -> None:
        """Where many lines count no more, write those that do anew; only who is alone here may."""
        if self._suffix or self._count <= _FEW:
            return
        count = next(self.table.execute("SELECT count(*) FROM entry"))[0]
        if self._count - count <= max(_FEW, count // 2):
            return
        with atomic_file(self._own) as file:
            file.writelines(self.whole())
        for path in self._folder.glob("journal-*.jsonl"):
            path.unlink()

    def entry(self, target: str) -> JournalEntry | None:
        """What is known of an output."""
        query = f"SELECT {_ENTRY} FROM entry WHERE target = ?"
        for _, state, key, digest, *stamp, runtime, device, when, kinds, result in self.table.execute(
            query, (as_bytes(target),)
        ):
            found = with_kinds(result, kinds)
            return JournalEntry(target, state, key, digest, FileStamp(*stamp), runtime, device, found, when)
        return None

    def done(self, targets: Sequence[str], key: str) -> dict[str, Stamp]:
        """Of those of some outputs that were made with a key: what their sources were."""
        query = "SELECT target, size, mtime_ns, ctime_ns, inode FROM entry WHERE state = 'done' AND key = ?"
        found: dict[str, Stamp] = {}
        for start in range(0, len(targets), _AT_ONCE):
            values = [key, *map(as_bytes, targets[start : start + _AT_ONCE])]
            marks = ", ".join("?" * (len(values) - 1))
            rows = self.table.execute(f"{query} AND target IN ({marks})", values)
            found.update((as_name(row[0]), row[1:]) for row in rows)
        return found

    def runtimes(self, key: str) -> dict[str, str]:
        """By device, the runtime that made the newest of the outputs with this key."""
        query = "SELECT device, runtime, max(time_ns) FROM entry WHERE state = 'done' AND key = ?"
        found = self.table.execute(f"{query} AND runtime != '' AND device != '' GROUP BY device", (key,))
        return {device: runtime for device, runtime, _ in found}

    def write(self, entry: JournalEntry) -> None:
        """Append, with the time of now. Until :meth:`sync`, a power failure may take it away; a kill cannot.

        Where the journal was not entered, nothing is written: it is known to this process alone.

        Raises:
            OSError: the disk is full.
        """
        query = "SELECT time_ns FROM entry WHERE target = ?"
        # Later than what it replaces also where another machine's clock is ahead, or this one's went back.
        times = [known + 1 for (known,) in self.table.execute(query, (as_bytes(entry.target),))]
        stamp = (entry.stamp.size, entry.stamp.mtime_ns, entry.stamp.ctime_ns, entry.stamp.inode)
        words = (entry.target, entry.state, entry.key, entry.digest)
        when = max(time.time_ns(), *times) if times else time.time_ns()
        result = json.dumps(entry.result, default=plain)
        row = (*words, *stamp, entry.runtime, entry.device, when, _kinds(entry.result), result)
        if self._lines is not None:
            self._lines.write(_line(row))
            self._written = True
        self._put([_row(row, entry.result)])
        self._count += 1

    def sync(self) -> None:
        """Wait until all that was written is on the disk.

        Raises:
            OSError: the disk is full.
        """
        if self._lines is not None:
            self._lines.sync()


def with_kinds(result: str, kinds: str) -> dict[str, Any]:
    """Figures as a conversion gave them, whose sentences have kinds of their own.

    Args:
        result: the figures, in JSON.
        kinds: by sentence, in JSON; empty: none has one, or an earlier version wrote them.
    """
    found: dict[str, Any] = json.loads(result)
    known = json.loads(kinds) if kinds else {}
    for name, values in found.items() if known else ():
        if isinstance(values, list):
            found[name] = [
                Remark(each, known[each]) if isinstance(each, str) and each in known else each
                for each in values
            ]
    return found


def _kinds(result: dict[str, Any]) -> str:
    """Those that JSON does not keep, apart: in the figures they would reach the report."""
    found = {
        str(each): each.kind
        for values in result.values()
        if isinstance(values, list | tuple)
        for each in values
        if isinstance(each, Remark) and each.kind != each
    }
    return json.dumps(found) if found else ""


def _row(values: tuple[Any, ...], result: dict[str, Any]) -> tuple[Any, ...]:
    """As the table holds it: with what is asked of many results at once."""
    lost, changed = bool(result.get("lost")), bool(result.get("changed"))
    lossy = lost or bool(result.get("losses"))
    return (as_bytes(values[0]), *values[1:], lossy, lost or changed, float(result.get("seconds", 0.0)))


def _line(row: tuple[Any, ...]) -> bytes:
    """What is written of an entry: what is as it always is is not."""
    values = {
        name: value for name, value in zip(_COLUMNS[:11], row, strict=False) if value or name == "target"
    }
    text = json.dumps(values)
    if row[11]:
        text = f'{text[:-1]}, "kinds": {row[11]}}}'
    if row[12] != "{}":
        text = f"{text[:-1]}, {_RESULT.decode()}{row[12]}}}"
    return text.encode("ascii") + b"\n"


def _rows(lines: list[bytes]) -> Iterator[tuple[Any, ...]]:
    try:  # many at once is faster
        found = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        found = []
    if len(found) != len(lines):
        found = [_value(line) for line in lines]
    for line, values in zip(lines, found, strict=True):
        # A line cut short by a kill is as if it had not been written.
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            get = values.get
            words = (values["state"], values["key"], get("digest", ""))
            stamp = storable((get("size", 0), get("mtime_ns", 0), get("ctime_ns", 0), get("inode", 0)))
            made = (get("runtime", ""), get("device", ""), get("time_ns", 0))
            numbers = (*stamp, made[2])
            result = get("result", {})
            text = _figures(line) if next(reversed(values)) == "result" else ""
            # Whatever a table cannot hold, or compare, is nothing that we have written.
            if "".join((*words, *made[:2])).isascii() and -_MOST < min(numbers) <= max(numbers) < _MOST:
                told = (_told(get("kinds")), text or json.dumps(result))
                yield _row((values["target"], *words, *stamp, *made, *told), result)


def _figures(line: bytes) -> str:
    """The result that a line ends with, as it stands there; empty: not for sure.

    A key of that name may also stand in what is before it, or in it.
    """
    sure = line.endswith(b"}}") and line.count(_NAME) == line.count(_RESULT + b"{") == 1
    return line[line.index(_RESULT) + len(_RESULT) : -1].decode("ascii") if sure else ""


def _told(kinds: object) -> str:
    """The kinds of a line, for the table; what is none is left out."""
    known = kinds.items() if isinstance(kinds, dict) else ()
    found = {sentence: kind for sentence, kind in known if isinstance(kind, str)}
    return json.dumps(found) if found else ""


def _value(line: bytes) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(line.decode("utf-8", "replace"))
    return None
