"""What was done in an output folder, so that a run that was stopped goes on where it was.

One JSON line an event, appended: a kill at any moment costs at most the last line. ``begun`` is on the disk
before a file's output can appear under its name; ``done`` is written after it has, ``failed`` if it never
did, ``kept`` if the output of an earlier run is still there instead. These three need not be on the disk at
once: what a power failure takes of them is done again. So an output that is there was made by us unless its
file ``failed`` or is not in the journal, and is up to date if it is ``done`` with the same source and
settings. Whose one is that was ``begun`` when a run was killed, its comment says. A run over a whole library,
if it is long, leaves one line an output: reading its journal must not take longer from run to run.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from styleshift.errors import LockedError, UsageError
from styleshift.system.files import atomic_file
from styleshift.system.hashing import FileStamp
from styleshift.system.lines import JsonLines, plain
from styleshift.system.lock import Lock

FOLDER = ".styleshift"

_BLOCK_BYTES = 1 << 20
# Lines that count no more and are not worth a journal written anew.
_FEW = 1000


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

    Raises:
        LockedError: another run works there.
        UsageError: the folder cannot be written to.
    """

    def __init__(self, output: Path, part: str = "") -> None:
        self._folder = output / FOLDER
        self._suffix = f"-{part}" if part else ""
        self._place = str(output)
        self._entries: dict[str, JournalEntry] = {}
        self._known: dict[
            tuple[Path, int], int
        ] = {}  # by path and inode of a journal, how much of it was read
        self._count = 0  # lines of all journals
        self._lines: JsonLines | None = None
        self._locks = contextlib.ExitStack()

    def __enter__(self) -> LibraryJournal:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._locks.enter_context(self._lock("lock", shared=bool(self._suffix)))
            if self._suffix:
                self._locks.enter_context(self._lock(f"lock{self._suffix}"))
            self.load()
            self._lines = JsonLines(self._own, sync=False)
        except OSError as error:
            self.__exit__()
            raise UsageError(
                f"cannot write to {self._place}: {error.strerror or error}", "use another `output`"
            ) from error
        except LockedError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._lines is not None:
            with contextlib.suppress(OSError):  # the last line that matters was waited for
                self._lines.sync()
                self._shorten()
            self._lines.close()
        self._locks.close()
        self._lines = None

    @property
    def _own(self) -> Path:
        return self._folder / f"journal{self._suffix}.jsonl"

    def _lock(self, name: str, *, shared: bool = False) -> Lock:
        hint = "wait until it has ended, or use another `output`"
        return Lock(self._folder / name, self._place, hint, shared=shared)

    @classmethod
    def peek(cls, output: Path, part: str = "") -> LibraryJournal:
        """What is known of an output folder: nothing is made, written or locked until it is entered."""
        journal = cls(output, part)
        journal.load()
        return journal

    def load(self) -> None:
        """Read what was written since the last time, or for the first time."""
        there = {}
        for path in sorted(self._folder.glob("journal*.jsonl")):
            with contextlib.suppress(FileNotFoundError):  # a run that has just ended put several into one
                there[path, path.stat().st_ino] = path
        if not self._known.keys() <= there.keys():  # somebody wrote one anew
            self._entries, self._known, self._count = {}, {}, 0
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
        for entry in _entries([line for line in lines if line]):
            self._count += 1
            known = self._entries.get(entry.target)
            if known is None or entry.time_ns >= known.time_ns:
                self._entries[entry.target] = entry

    def whole(self) -> bytes:
        """The lines that count, one an output."""
        return b"".join(map(_line, self._entries.values()))

    def _shorten(self) -> None:
        """Where many lines count no more, write those that do anew; only who is alone here may."""
        superseded = self._count - len(self._entries)
        if self._suffix or superseded <= max(_FEW, len(self._entries) // 2):
            return
        with atomic_file(self._own) as file:
            file.write(self.whole())
        for path in self._folder.glob("journal-*.jsonl"):
            path.unlink()

    def entry(self, target: str) -> JournalEntry | None:
        """What is known of an output."""
        return self._entries.get(target)

    def runtimes(self, key: str) -> dict[str, str]:
        """By device, the runtime that made the newest of the outputs with this key."""
        done = [entry for entry in self._entries.values() if entry.state == "done" and entry.key == key]
        done.sort(key=lambda entry: entry.time_ns)
        return {entry.device: entry.runtime for entry in done if entry.runtime and entry.device}

    def ours(self, target: str) -> bool:
        """Whether what lies there, if anything does, was made by a run of ours; if ``begun``, it may be."""
        entry = self._entries.get(target)
        return entry is not None and entry.state != "failed"

    def write(self, entry: JournalEntry) -> None:
        """Append, with the time of now. Until :meth:`sync`, a power failure may take it away; a kill cannot.

        Raises:
            OSError: the disk is full.
        """
        assert self._lines is not None, "the journal is not open"
        known = self._entries.get(entry.target)
        # Later than what it replaces also where another machine's clock is ahead, or this one's went back.
        entry = replace(entry, time_ns=max(time.time_ns(), known.time_ns + 1 if known else 0))
        self._lines.append(_values(entry))
        self._count += 1
        self._entries[entry.target] = entry

    def sync(self) -> None:
        """Wait until all that was written is on the disk.

        Raises:
            OSError: the disk is full.
        """
        assert self._lines is not None, "the journal is not open"
        self._lines.sync()


def _values(entry: JournalEntry) -> dict[str, Any]:
    """What is written of an entry: what is as it always is, and the stamp's own name, are not."""
    values = {name: value for name, default in _DEFAULTS if (value := getattr(entry, name)) != default}
    return values | {name: getattr(entry.stamp, name) for name in FileStamp.__slots__ if entry.stamp.size}


_DEFAULTS = tuple(
    (each.name, {} if each.name == "result" else each.default)
    for each in fields(JournalEntry)
    if each.name != "stamp"
)


def _line(entry: JournalEntry) -> bytes:
    return json.dumps(_values(entry), default=plain).encode("ascii") + b"\n"


def _entries(lines: list[bytes]) -> Iterator[JournalEntry]:
    try:  # many at once is faster, and keys of the same name are one object
        found = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        found = [_value(line) for line in lines]
    for values in found:
        # A line cut short by a kill is as if it had not been written.
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            stamp = FileStamp(*(values.get(name, 0) for name in FileStamp.__slots__))
            entry = JournalEntry(
                values["target"],
                sys.intern(values["state"]),
                sys.intern(values["key"]),
                values.get("digest", ""),
                stamp,
                sys.intern(values.get("runtime", "")),
                sys.intern(values.get("device", "")),
                values.get("result", {}),
                values.get("time_ns", 0),
            )
            kinds = isinstance(entry.time_ns, int) and isinstance(entry.result, dict)
            if kinds and isinstance(entry.target, str):
                yield entry


def _value(line: bytes) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(line.decode("utf-8", "replace"))
    return None
