"""A folder of a store and its copy on this machine: what changed there comes, what changed here goes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path, PurePosixPath
from typing import Any

from styleshift.progress import Reporter
from styleshift.remote.store import Store, StoreError
from styleshift.system.files import atomic_path
from styleshift.system.hashing import FileStamp
from styleshift.system.lines import JsonLines
from styleshift.system.lock import one_at_a_time

_AT_ONCE = 8
# Sent before what speaks of them, so that a sender that is killed promises nothing that is not there.
_DATA = frozenset({".npy", ".safetensors", ".onnx"})
# Files that may grow while they are sent are smaller.
_SMALL = 1 << 26
_BLOCK_BYTES = 1 << 20
_STATE, _LOCK = ".synced.jsonl", ".synced.lock"

Here = tuple[int, int]
_UNSENT: Here = (0, 0)


class Mirror:
    """Keeps folders of a store and of this machine alike.

    Files whose names, or folders', begin with a dot, and locks, stay where they are. What was not sent yet,
    because the sender was killed, stays and is sent next time; what changed on both sides is taken from the
    store, unless what is here is that with more behind it: a log, and a kill before it was noted as sent.

    Args:
        store: the one side.
        folder: the other; made.

    Attributes:
        store, folder: the same.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self._known: dict[str, tuple[FileStamp, Here]] = {}  # of files that are the same on both sides
        self._seen: set[str] = set()  # here, since this object fetched them or sent them

    def fetch(self, below: Iterable[str], reporter: Reporter) -> None:
        """Bring here what has changed, and remove what is gone.

        Args:
            below: names of folders.
            reporter: told of it.

        Raises:
            UsageError: the store cannot be listed.
            StoreError: something does not come.
            OSError: it cannot be written here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # Of several that train together here, the first fetches for all.
        with one_at_a_time(self.folder / _LOCK), JsonLines(self.folder / _STATE, sync=False) as lines:
            self._read_state()
            for part in filter(_counts, below):
                listed = Store(f"{self.store.address}/{part}").listed()
                there = {f"{part}/{name}": stamp for name, stamp in listed.items() if _counts(name)}
                here = dict(self._here([part]))
                old = [
                    name
                    for name, stamp in there.items()
                    if name not in here or name not in self._known or self._known[name][0] != stamp
                ]
                for name in here.keys() - there.keys():
                    if name in self._known and self._known[name][1] == here[name]:
                        (self.folder / name).unlink(missing_ok=True)
                for name, (stamp, seen) in self._each(self._fetched, old, f"fetching {part}", reporter):
                    self._same(name, stamp, seen, lines)
                self._seen.update(name for name, _ in self._here([part]))

    def send(self, below: Sequence[str], reporter: Reporter) -> None:
        """Put there what has changed here, and remove what is gone from here since :meth:`fetch`.

        Of a folder that is gone as a whole nothing is removed: somebody has cleared away the copy.

        Args:
            below: names of folders.
            reporter: told of it.

        Raises:
            StoreError: something does not arrive.
            OSError: what is here cannot be read.
        """
        with one_at_a_time(
            self.folder / _LOCK
        ):  # who fetches meanwhile would take what was sent for somebody else's
            self._send(tuple(filter(_counts, below)), reporter)

    def _send(self, below: Sequence[str], reporter: Reporter) -> None:
        here = dict(self._here(below))
        new = [name for name, seen in here.items() if name not in self._known or self._known[name][1] != seen]
        data = [name for name in new if PurePosixPath(name).suffix in _DATA]
        rest = [name for name in new if PurePosixPath(name).suffix not in _DATA]
        rest.sort(key=lambda name: here[name][1])  # what was written later may speak of what was before
        with JsonLines(self.folder / _STATE, sync=False) as lines:
            for names, at_once in ((data, _AT_ONCE), (rest, 1)):
                for name, stamp in self._each(self._sent, names, "sending", reporter, at_once):
                    if stamp is not None:
                        self._same(name, stamp, here[name], lines)
                        self._seen.add(name)
        folders = tuple(f"{part}/" for part in below)
        gone = [
            name
            for name in self._seen - here.keys()
            if name.startswith(folders) and (self.folder / name).parent.is_dir()
        ]
        self.store.remove(gone)
        self._seen.difference_update(gone)

    def _fetched(self, name: str) -> tuple[FileStamp, Here]:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial:
            stamp = self.store.fetch(name, partial, lambda: None)
            if ahead := _goes_on(path, partial):
                shutil.copyfile(path, partial)
        return stamp, _UNSENT if ahead else _status(path)

    def _sent(self, name: str) -> FileStamp | None:
        path = self.folder / name
        try:
            if path.stat().st_size < _SMALL:
                self.store.write(name, path.read_bytes())
            else:
                self.store.send(path, name)
        except FileNotFoundError:  # a training that goes on has removed it
            return None
        except StoreError:
            if not path.exists():
                return None
            raise
        return self.store.stamp(name)

    def _each(
        self,
        action: Callable[[str], Any],
        names: Sequence[str],
        label: str,
        reporter: Reporter,
        at_once: int = _AT_ONCE,
    ) -> Iterator[tuple[str, Any]]:
        if not names:
            return
        with ThreadPoolExecutor(at_once) as threads, reporter.task(label, len(names), "files") as task:
            try:
                for name, done in zip(names, threads.map(action, names), strict=True):
                    yield name, done
                    task.advance()
            finally:
                threads.shutdown(cancel_futures=True)

    def _here(self, below: Iterable[str]) -> Iterator[tuple[str, Here]]:
        for part in below:
            for folder, _, files in os.walk(self.folder / part, onerror=_unless_gone):
                for path in (Path(folder, file) for file in files):
                    name = path.relative_to(self.folder).as_posix()
                    if _counts(name) and path.is_file():
                        with suppress(FileNotFoundError):  # a training that goes on has removed it
                            yield name, _status(path)

    def _same(self, name: str, there: FileStamp, here: Here, lines: JsonLines) -> None:
        self._known[name] = there, here
        lines.append({"name": name, "there": astuple(there), "here": here})

    def _read_state(self) -> None:
        for line in (self.folder / _STATE).read_bytes().splitlines():
            try:
                values = json.loads(line)
                size, changed = values["here"]
                self._known[values["name"]] = FileStamp(*values["there"]), (size, changed)
            except (ValueError, KeyError, TypeError):  # cut short by a kill
                continue


def _counts(name: str) -> bool:
    path = PurePosixPath(name)
    parts = path.parts
    return (
        path.as_posix() == name
        and path.name != "lock"
        and ".." not in parts
        and not any(part.startswith(".") for part in parts)
    )


def _goes_on(path: Path, start: Path) -> bool:
    """Whether a file is another one with more behind it."""
    try:
        with path.open("rb") as long, start.open("rb") as short:
            while block := short.read(_BLOCK_BYTES):
                if long.read(len(block)) != block:
                    return False
            return bool(long.read(1))
    except FileNotFoundError:
        return False


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error  # what cannot be listed is not gone


def _status(path: Path) -> Here:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
