"""The process that a broker lives in: begun, begun again when it dies, and ended, by the pool's parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from styleshift.errors import BundleError
from styleshift.runtimes.broker import Address, Broker
from styleshift.system.environment import debugging
from styleshift.system.interrupt import no_interrupts

if TYPE_CHECKING:
    from styleshift.hooks.records import RuntimeSession

# So many that die in a row while they load the model are not the fault of a file.
_TRIES = 3
# A session that has to be loaded may take so long at least, whatever the patience.
_LOAD_SECONDS = 60.0
# How long a process that was asked to end may take.
_GRACE_SECONDS = 2.0
# How often a process shows that it lives. One that is stopped, or stuck in a library, does not.
_PULSE_SECONDS = 0.5


class BrokerProcess:
    """A process with a :class:`styleshift.runtimes.broker.Broker`; a context manager.

    It leaves neither process nor file behind.

    Args:
        build: makes the session, in that process; must be importable.
        most_frames: see there.
        patience: seconds after which a session that has not come back from its work, or a process that shows
            no life, is taken for hung and ended; a minute at least while the session is loaded.

    Attributes:
        address: where workers reach it, also after it was started again.
    """

    def __init__(self, build: Callable[[], RuntimeSession], most_frames: int, patience: float) -> None:
        self._build = build
        self._most_frames = most_frames
        self._patience = patience
        self._load_patience = max(_LOAD_SECONDS, patience)
        self._lost = 0
        self._context = multiprocessing.get_context("spawn")
        # A socket's name has some hundred bytes at most; a folder of our own keeps other users out.
        long = len(os.fsencode(tempfile.gettempdir())) > 60
        self._folder = tempfile.mkdtemp(prefix="styleshift-", dir="/tmp" if long else None)
        # All tries, and one more, which only says that they have failed.
        start_seconds = (_TRIES + 1) * (self._load_patience + 2 * _GRACE_SECONDS)
        self.address = Address(f"{self._folder}/broker", secrets.token_bytes(32), start_seconds)

    def tend(self) -> None:
        """Start it again if it has died, or hangs; to be called now and then."""
        since, built, alive = self._state
        now = time.monotonic()
        patience = self._patience if built else self._load_patience
        if (since and now - since > patience) or now - alive > patience:
            self._process.kill()
            self._process.join()
        if not self._process.is_alive():
            self._lost = 0 if self._state[1] else self._lost + 1
            self._end()
            if self._lost == _TRIES:
                self._build = _give_up  # which is told to whoever asks
            self._start()

    def _start(self) -> None:
        # Since when the session is at work, or 0; whether it was ever built; when the process last lived.
        self._state = self._context.RawArray("d", [time.monotonic(), 0.0, time.monotonic()])
        self._lifeline, theirs = self._context.Pipe()
        arguments = (self.address, theirs, self._build, self._most_frames, self._state)
        process = self._context.Process(target=_live, args=arguments, daemon=True)
        with theirs, no_interrupts():
            process.start()
        self._process: BaseProcess = process

    def _end(self) -> None:
        self._lifeline.close()
        self._process.join(_GRACE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def discard(self) -> None:
        """End it at once, whatever it is at, and remove what it leaves."""
        self._process.kill()
        self.__exit__()

    def __enter__(self) -> BrokerProcess:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)


def _give_up() -> RuntimeSession:
    raise BundleError(
        f"the process that runs the model died {_TRIES} times while loading it", "try `device=cpu`"
    )


def _live(
    address: Address, lifeline: Connection, build: Callable[[], RuntimeSession], most_frames: int, state: Any
) -> None:
    """The life of a broker's process. It ends when the lifeline's other end is closed, also by a kill."""
    # Ctrl-C and a kill of the whole group are the parent's to hear: windows on their way are still answered.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not debugging():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def leave() -> None:
        with contextlib.suppress(EOFError, OSError):
            lifeline.recv()
        shutil.rmtree(Path(address.name).parent, ignore_errors=True)
        os._exit(0)  # wherever the session is

    def beat() -> None:
        while True:
            state[2] = time.monotonic()
            time.sleep(_PULSE_SECONDS)

    Thread(target=leave, daemon=True).start()
    Thread(target=beat, daemon=True).start()
    Path(address.name).unlink(missing_ok=True)
    listener = Listener(address.name, backlog=64, authkey=address.key)
    broker = Broker(most_frames, lambda since: state.__setitem__(0, since))

    def accept() -> None:
        while True:
            with contextlib.suppress(EOFError, OSError, AuthenticationError):  # a client that died
                broker.attach(listener.accept())

    Thread(target=accept, daemon=True).start()

    def load() -> RuntimeSession:
        try:
            return build()
        finally:
            state[1] = 1.0

    broker.serve(load)
