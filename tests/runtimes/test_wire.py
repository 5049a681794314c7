"""Arrays cross a socket bit for bit, and a sender that is gone in the middle is noticed."""

from __future__ import annotations

import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from styleshift.runtimes.wire import receive, send_array

Array = npt.NDArray[Any]


def through(array: Array) -> Array:
    """Sent by another thread, for it is more than a socket holds."""
    ours, theirs = Pipe()
    thread = threading.Thread(target=send_array, args=(ours, array))
    thread.start()
    found: Array = receive(theirs)
    thread.join()
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_arrays_come_as_they_were(dtype: type) -> None:
    array = np.random.default_rng(0).standard_normal((3, 1, 513, 256)).astype(dtype)
    array[0, 0, 0, :2] = np.nan, -0.0
    for sent in (array, array[:, :, ::2], array[:0]):
        found = through(sent)
        assert (found.dtype, found.shape) == (sent.dtype, sent.shape)
        assert found.tobytes() == sent.tobytes()
        found[...] = 0  # it is the receiver's own


def test_what_else_is_said_between_them_comes_too() -> None:
    ours, theirs = Pipe()
    ours.send("doubler")
    send_array(ours, np.ones(2, np.float32))
    ours.send(None)
    assert receive(theirs) == "doubler"
    assert receive(theirs).tolist() == [1, 1]
    assert receive(theirs) is None


def test_a_sender_that_ends_in_the_middle_is_noticed() -> None:
    ours, theirs = Pipe()
    ours.send((np.dtype(np.float32).str, (4,)))
    ours.send_bytes(b"four")  # with its length before it, half of what was said
    ours.close()
    with pytest.raises(EOFError):
        receive(theirs)


def test_a_receiver_that_is_gone_is_an_error() -> None:
    ours, theirs = Pipe()
    theirs.close()
    with pytest.raises(BrokenPipeError):
        send_array(ours, np.zeros(1 << 20))


def test_nothing_is_pickled_but_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[Any] = []
    monkeypatch.setattr(Connection, "send", lambda _, message: messages.append(message))
    ours, theirs = Pipe()
    send_array(ours, np.ones((2, 1, 3, 4), np.float32))
    assert messages == [("<f4", (2, 1, 3, 4))]
    assert theirs.poll()
