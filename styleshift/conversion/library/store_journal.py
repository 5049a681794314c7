"""The journal of outputs in a store: parts that are only ever added, and a lease in the place of a lock.

What a run writes goes to a file here first, and from there to the store, a part at a time: before any output
of what it says is begun can appear, and every few seconds. A run that is killed loses the last seconds of
what was done, which is done again. Parts are merged when a run ends.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from itertools import islice
from pathlib import Path, PurePosixPath

from styleshift.bundle.names import file_name
from styleshift.conversion.library.journal import FOLDER, JournalEntry, LibraryJournal
from styleshift.remote import Store
from styleshift.remote.lease import Lease
from styleshift.remote.store import StoreError
from styleshift.system.scratch import Scratch

_PARTS = f"{FOLDER}/journal"
_SEND_SECONDS = 2.0
_MOST_PARTS = 16
# Of a long journal, no part is larger than fits in memory easily.
_PART_LINES = 10_000
_PART_BYTES = 5_000_000
_READ_AT_ONCE = 8


class StoreJournal(LibraryJournal):
    """As :class:`LibraryJournal`, for outputs in a store.

    Args:
        store: where outputs go.
        part: see there.

    Raises:
        LockedError: another run works there.
        UsageError: the store cannot be read or written to.
    """

    def __init__(self, store: Store, part: str = "") -> None:
        self._here = Scratch()  # which goes with this journal
        super().__init__(self._here.path / file_name(PurePosixPath(store.address).name), part)
        self._place = store.address
        self._store = store
        self._lease = Lease(store, f"{FOLDER}/leases", part)
        self._parts: set[str] = set()
        self._name = f"{time.time_ns():020}-{secrets.token_hex(4)}"
        self._number = 0
        self._sent = 0  # bytes of our own file
        self._last = 0.0

    def _hold(self, locks: contextlib.ExitStack) -> None:
        locks.enter_context(self._lease)
        super()._hold(locks)

    def __exit__(self, kind: type[BaseException] | None = None, *error: object) -> None:
        try:
            with contextlib.suppress(StoreError):  # what is not sent is done again
                if self._lines is not None:
                    self._send()
                    if kind is None:
                        self._merge()
        finally:
            super().__exit__(kind, *error)

    def load(self) -> None:
        """Fetch the parts that are new, and read them."""
        found = Store(f"{self._store.address}/{_PARTS}").stamps()
        new = sorted(found.keys() - self._parts)
        if new:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._fetched.open("ab") as file:
                for start in range(0, len(new), _READ_AT_ONCE):
                    data = self._store.read(f"{_PARTS}/{name}" for name in new[start : start + _READ_AT_ONCE])
                    file.writelines(each + b"\n" for each in data)  # one may have been cut short
        self._parts.update(new)
        super().load()

    def write(self, entry: JournalEntry) -> None:
        """Append; it is in the store some seconds later, or after :meth:`sync`."""
        super().write(entry)
        if self._lines is not None and time.monotonic() - self._last > _SEND_SECONDS:
            self._send()

    def sync(self) -> None:
        """Wait until all that was written is in the store."""
        if self._lines is not None:
            self._send()

    def _send(self) -> None:
        if self._lease.lost:
            raise StoreError("another run has taken over", TimeoutError("the store was out of reach"))
        with self._own.open("rb") as file:
            file.seek(self._sent)
            data = file.read()
        self._last = time.monotonic()
        if data:
            self._add(data)
            self._sent += len(data)

    def _add(self, data: bytes) -> None:
        name = f"{self._name}-{self._number:06}.jsonl"
        self._store.write(f"{_PARTS}/{name}", data)
        self._parts.add(name)
        self._number += 1

    def _merge(self) -> None:
        """Few parts in place of many, if nobody else is at work."""
        there = sum(path.stat().st_size for path in (self._own, self._fetched) if path.exists())
        if self._suffix or len(self._parts) <= _MOST_PARTS + 2 * there // _PART_BYTES:
            return
        merged = sorted(self._parts)
        lines = self.whole()
        while part := b"".join(islice(lines, _PART_LINES)):
            self._add(part)
        self._store.remove(f"{_PARTS}/{name}" for name in merged)
        self._parts.difference_update(merged)

    @property
    def _fetched(self) -> Path:
        return self._folder / "journal-parts.jsonl"


def peek_journal(output: Path | Store, part: str = "") -> LibraryJournal:
    """What is known of an output folder: nothing is made there, written or locked until it is entered."""
    journal = StoreJournal(output, part) if isinstance(output, Store) else LibraryJournal(output, part)
    journal.load()
    return journal
