"""A workspace whose name may be an address: a copy on this machine, and what is made in it sent there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

import platformdirs

from styleshift.errors import LockedError, StyleshiftError
from styleshift.progress import Reporter
from styleshift.remote.address import is_remote
from styleshift.remote.lease import Lease
from styleshift.remote.mirror import Mirror
from styleshift.remote.store import Store
from styleshift.workspace import Workspace, setting, workspace

LEASES = ".styleshift/leases"
SEND_EVERY_SECONDS = 60.0


def fetch_workspace(named: str | Path | None, reads: Sequence[str], reporter: Reporter) -> Workspace:
    """The workspace by precedence, or a copy of it here.

    Args:
        named: folder or address, as on the command line; None where it said nothing.
        reads: folders of the workspace that are needed, such as ``models``.
        reporter: told of what is fetched.

    Raises:
        UsageError: the address cannot be listed, or holds a password.
        StyleshiftError: something does not come.
    """
    mirror = _mirror(named)
    return workspace(named) if mirror is None else _fetched(mirror, reads, reporter)


@contextmanager
def shared_workspace(
    named: str | Path | None,
    reads: Sequence[str],
    writes: Sequence[str],
    what: str,
    reporter: Reporter,
    *,
    now_and_then: bool = False,
) -> Iterator[Workspace]:
    """As :func:`fetch_workspace`, and what the block makes is sent there at its end, also after an error.

    Args:
        named: see there.
        reads: see there; what is in ``writes`` is needed, too.
        writes: folders of the workspace that are sent; none: it is only read.
        what: a name that only one program at a time may have in this workspace.
        reporter: told of it.
        now_and_then: send once a minute, too.

    Raises:
        LockedError: another program has that name, or has taken this one for dead.
        UsageError, StyleshiftError: see there; or something does not arrive.
    """
    mirror = _mirror(named)
    if mirror is None or not writes:
        yield fetch_workspace(named, reads, reporter)
        return
    with ExitStack() as stack:
        lease = stack.enter_context(Lease(mirror.store, LEASES, quote(what, safe="")))
        place = _fetched(mirror, list(dict.fromkeys([*reads, *writes])), reporter)

        def send(reporter: Reporter) -> None:
            if lease.is_taken():
                raise LockedError(
                    f"another styleshift took over in {mirror.store.address}",
                    f"what was made is in {place.root}",
                )
            mirror.send(writes, reporter)

        try:
            with _repeated(send, reporter) if now_and_then else nullcontext():
                yield place
        finally:
            try:
                send(reporter)
            except OSError as error:
                raise StyleshiftError(
                    f"{mirror.store.address} does not take what was made: {error.strerror or error}",
                    f"it is in {place.root}; run the command again on this machine",
                ) from None
        reporter.info(f"stored in {mirror.store.address}")


@contextmanager
def _repeated(send: Callable[[Reporter], None], reporter: Reporter) -> Iterator[None]:
    ended = Event()

    def repeat() -> None:
        said = False
        while not ended.wait(SEND_EVERY_SECONDS):
            try:
                send(Reporter())
            except (OSError, StyleshiftError) as error:
                if not said:
                    reporter.warn(f"what is made is not stored for now: {error}")
                said = True

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _mirror(named: str | Path | None) -> Mirror | None:
    place = setting("workspace", named)
    if not is_remote(place):
        return None
    store = Store(place)
    cache = Path(setting("cache") or platformdirs.user_cache_dir("styleshift")).expanduser()
    folder = hashlib.sha256(store.place.encode()).hexdigest()[:16]
    return Mirror(store, cache / "workspaces" / folder)


def _fetched(mirror: Mirror, reads: Sequence[str], reporter: Reporter) -> Workspace:
    try:
        mirror.fetch(reads, reporter)
    except OSError as error:
        raise StyleshiftError(
            f"{mirror.store.address} cannot be fetched to {mirror.folder}: {error.strerror or error}",
            "what has come is kept; run the command again",
        ) from None
    return Workspace(mirror.folder)
