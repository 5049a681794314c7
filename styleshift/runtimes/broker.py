"""One process that owns the model's session on a GPU and runs the windows of all worker processes.

Several sessions share a GPU badly: each holds the weights and a workspace, and their kernels take turns.
Here each worker sends its windows and waits; what has arrived when the device is free is run together. On a
CPU there is nothing to gain by it, and every worker has a session of its own.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.errors import BundleError, StyleshiftError
from styleshift.runtimes.batches import Batches
from styleshift.runtimes.wire import receive, send_array

if TYPE_CHECKING:
    from styleshift.hooks.records import RuntimeSession

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens; crosses process borders.

    Attributes:
        name: path of a socket.
        key: that both sides must know.
        start_seconds: after so long no broker is on its way any more: one that cannot load the model was
            begun again, and given up.
    """

    name: str
    key: bytes
    start_seconds: float


@dataclass(slots=True)
class _Request:
    windows: Float32Array
    answer: Future[Float32Array] = field(default_factory=Future)


class Broker:
    """Collects windows from several connections, runs them together, and sends each what is its own.

    Args:
        most_frames: frames to run at once; one request that has more is run alone.
        mark: told when the session begins to work (the time, of ``time.monotonic``) and ends (0).
    """

    def __init__(self, most_frames: int, mark: Callable[[float], None] = lambda _: None) -> None:
        self._most_frames = most_frames
        self._mark = mark
        self._arrived: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._description: Future[str] = Future()

    @property
    def arrived(self) -> int:
        """Requests that have come since the session last began to work."""
        return self._arrived.qsize()

    def attach(self, connection: Connection) -> None:
        """Serve a connection, in a thread of its own, until its other end is closed."""
        Thread(target=self._attend, args=(connection,), daemon=True).start()

    def serve(self, build: Callable[[], RuntimeSession]) -> None:
        """Build the session and run what arrives, until :meth:`close`.

        A session that cannot be built is told to every client in the place of its description.
        """
        self._mark(time.monotonic())
        try:
            session = build()
        except Exception as error:  # every runtime raises types of its own
            self._description.set_exception(error)
            self._mark(0.0)
            while self._arrived.get() is not None:
                pass
            return
        self._mark(0.0)
        self._description.set_result(session.description)
        run = Batches(session)
        waiting: deque[_Request] = deque()
        more = True
        while more or waiting:
            # Nothing to do: wait for one. Something to do: take with it what is there, and wait for no more.
            while more and (not waiting or not self._arrived.empty()):
                request = self._arrived.get()
                if request is None:
                    more = False
                else:
                    waiting.append(request)
            if waiting:
                self._run(run, self._batch(waiting))

    def close(self) -> None:
        """End :meth:`serve` once it has run what arrived before."""
        self._arrived.put(None)

    def _batch(self, waiting: deque[_Request]) -> list[_Request]:
        """Take the first request, and those after it that have its shape and fit."""
        batch: list[_Request] = []
        left: list[_Request] = []
        frames = 0
        while waiting:
            request = waiting.popleft()
            more = len(request.windows) * request.windows.shape[-1]
            alike = not batch or request.windows.shape[1:] == batch[0].windows.shape[1:]
            if not batch or (alike and frames + more <= self._most_frames):
                batch.append(request)
                frames += more
            else:
                left.append(request)
        waiting.extend(left)
        return batch

    def _run(self, run: Batches, batch: list[_Request]) -> None:
        self._mark(time.monotonic())
        windows = [request.windows for request in batch]
        try:
            converted = run(windows[0] if len(batch) == 1 else np.concatenate(windows))
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
            else:  # one of them may be at fault
                for request in batch:
                    self._run(run, [request])
        else:
            start = 0
            for request in batch:
                request.answer.set_result(converted[start : start + len(request.windows)])
                start += len(request.windows)
        self._mark(0.0)

    def _attend(self, connection: Connection) -> None:
        with connection, contextlib.suppress(EOFError, OSError):
            connection.send(_told(self._description))
            while True:
                request = _Request(receive(connection))
                self._arrived.put(request)
                answer = _told(request.answer)
                if isinstance(answer, BundleError):
                    connection.send(answer)
                else:
                    send_array(connection, answer)


def _told(answer: Future[Any]) -> Any:
    """What a future holds; where there is nothing, the error that the other end will raise."""
    try:
        return answer.result()
    except StyleshiftError as error:
        return BundleError(error.message, error.hint)
    except Exception as error:
        return BundleError(f"the model fails: {type(error).__name__}: {error}".splitlines()[0])


class BrokerSession:
    """A worker's end of a connection; see :class:`styleshift.hooks.records.RuntimeSession`.

    Args:
        connection: to the broker, which has greeted.
        description: what it said it runs.

    Attributes:
        description: what the broker runs the model with.
        broken: the broker has ended, or an answer did not come whole; this session is of no more use.
    """

    def __init__(self, connection: Connection, description: str) -> None:
        self._connection = connection
        self.description = description
        self._lock = Lock()
        self.broken = False

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        """Map ``[batch, 1, bins, frames]`` float32 to the same shape.

        Raises:
            BundleError: the model fails, or the broker has ended.
        """
        with self._lock:
            try:
                send_array(self._connection, log_magnitude)
                answer = receive(self._connection)
            except BaseException as error:
                self.broken = True  # what is left of an answer would be taken for the next one
                if not isinstance(error, EOFError | OSError):
                    raise
                raise BundleError(
                    "the process that runs the model has ended, or did not answer and was stopped",
                    "run again; if it happens again, try `device=cpu`",
                ) from error
        if isinstance(answer, BundleError):
            raise answer
        converted: Float32Array = answer
        return converted


def connect(address: Address, tell: Callable[[float], None]) -> BrokerSession:
    """A session of the broker that listens there, or will, once it has loaded the model.

    Args:
        address: see :attr:`styleshift.runtimes.broker_process.BrokerProcess.address`.
        tell: called with 0 while there is nothing but to wait.

    Raises:
        BundleError: the model cannot be loaded, or the broker does not come.
    """
    until = time.monotonic() + address.start_seconds
    while time.monotonic() < until:
        tell(0.0)
        try:
            connection = Client(address.name, authkey=address.key)
            while not connection.poll(_POLL_SECONDS) and time.monotonic() < until:
                tell(0.0)
            greeting = connection.recv() if connection.poll() else None
        except (EOFError, OSError, AuthenticationError):  # it has not begun, or has just ended: another comes
            time.sleep(_POLL_SECONDS)
            continue
        if isinstance(greeting, BundleError):
            raise greeting
        if greeting is not None:
            return BrokerSession(connection, greeting)
    raise BundleError(
        f"the process that runs the model was not ready within {address.start_seconds:.0f} s",
        "try `device=cpu`",
    )
