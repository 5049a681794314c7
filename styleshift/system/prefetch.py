"""Lets one stage of a pipeline run ahead of the next in a thread of its own.

What the stages spend their time in (decoders, transforms, ONNX Runtime, encoders) lets go of Python's lock,
so where processors are idle, stages overlap.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar, cast

T = TypeVar("T")

_POLL_SECONDS = 0.05
_END = object()


def prefetch(pieces: Iterable[T], depth: int = 2) -> Generator[T, None, None]:
    """The same pieces in the same order, made in a thread, at most ``depth`` of them waiting.

    An error is raised where its piece would have come. When this generator is closed, the thread has ended
    and ``pieces`` was closed in it.
    """
    waiting: Queue[object] = Queue(maxsize=depth)
    gone = Event()
    failed: list[BaseException] = []

    def put(piece: object) -> bool:
        while not gone.is_set():
            try:
                waiting.put(piece, timeout=_POLL_SECONDS)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        source = iter(pieces)
        try:
            for piece in source:
                if not put(piece):
                    break
        except BaseException as error:  # raised again where somebody waits for it
            failed.append(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            put(_END)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        while (piece := _next(waiting)) is not _END:
            yield cast(T, piece)
        if failed:
            raise failed[0]
    finally:
        gone.set()
        thread.join()


def _next(waiting: Queue[object]) -> object:
    while True:
        try:
            return waiting.get(timeout=1.0)
        except Empty:
            continue  # a signal is handled between two waits, wherever the thread is
