"""One driver at a time where a store has no locks: an object that its holder writes anew every few seconds.

A newcomer writes its own, and watches the others': one that is written anew is alive, and turns it away; one
that is not is of a run that was killed. No clock is compared with another, and two that come at the same
moment see each other's, and both go. A holder whose own object is gone has been given up for dead, and stops.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from threading import Event, Thread

from styleshift.errors import LockedError
from styleshift.remote.store import Store, StoreError
from styleshift.system.hashing import FileStamp

BEAT_SECONDS = 4.0
# Beats without which a holder is taken for dead.
_BEATS = 3


class Lease:
    """Held while the ``with`` block lasts.

    Args:
        store: where outputs go.
        folder: name of a folder in it for leases.
        part: the part of the library that is worked on; empty: all of it, with nobody else.

    Attributes:
        lost: others take this run for dead, or may by now.

    Raises:
        LockedError: on entering: another run is at work.
    """

    def __init__(self, store: Store, folder: str, part: str = "") -> None:
        self._store = store
        self._folder = folder
        self._part = part or "all"
        self._name = f"{folder}/{self._part}.{secrets.token_hex(8)}"
        self._end = Event()
        self._thread = Thread(target=self._beat, daemon=True)
        self.lost = False

    def __enter__(self) -> Lease:
        self._write()
        self._thread.start()
        try:
            if before := self.others():
                time.sleep(BEAT_SECONDS * _BEATS)
                after = self.others()
                if any(before.get(name) != stamp for name, stamp in after.items()):
                    raise LockedError(
                        f"another styleshift is working on {self._store.address}",
                        "wait until it has ended, or use another `output`",
                    )
                self._store.remove(after)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        with contextlib.suppress(StoreError):
            self._store.remove([self._name])

    def is_taken(self) -> bool:
        """Whether another run has given this one up for dead, also where that one has ended by now.

        Unlike ``lost``, not where the network was away for a moment: the store is asked.

        Raises:
            StoreError: the store does not say.
        """
        return not self._store.there(self._name)

    def others(self) -> dict[str, FileStamp]:
        """The leases of runs that exclude this one; raises StoreError."""
        found = Store(f"{self._store.address}/{self._folder}").stamps()
        # The own one also while it is written anew, under a longer name, by the thread beside this one.
        own = self._name.rpartition("/")[2]
        named = {f"{self._folder}/{name}": stamp for name, stamp in found.items() if not name.endswith(own)}
        return {
            name: stamp
            for name, stamp in named.items()
            if "all" in (part := name.rpartition("/")[2].rpartition(".")[0], self._part) or part == self._part
        }

    def _write(self) -> None:
        self._store.write(self._name, secrets.token_hex(8).encode())

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._end.wait(BEAT_SECONDS):
            with contextlib.suppress(StoreError):
                if self.is_taken():
                    self.lost = True
                    return
                self._write()
                last = time.monotonic()
            self.lost = self.lost or time.monotonic() - last > BEAT_SECONDS * _BEATS
