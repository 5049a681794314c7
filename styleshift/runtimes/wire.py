"""Windows through a socket: what they are in a small message, then their values, from array to array.

Pickled, values are copied several times more, into pieces of memory that are fetched anew each time: 24 ms of
processor time a minute of music instead of 6, and 50 ms from question to answer instead of 5 to 14 (two cores
of Zen 4). A ring in shared memory came out the same as this, and would have to be cleared away after a kill.
"""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt


def send_array(connection: Connection, array: npt.NDArray[Any]) -> None:
    """Send an array; raises OSError where the other end is closed."""
    array = np.ascontiguousarray(array)
    connection.send((array.dtype.str, array.shape))
    left = _bytes(array)
    while len(left):
        left = left[os.write(connection.fileno(), left) :]


def receive(connection: Connection) -> Any:
    """The array that :func:`send_array` sent, or whatever else but a tuple was sent.

    Raises:
        EOFError, OSError: the other end is closed, perhaps in the middle.
    """
    told = connection.recv()
    if not isinstance(told, tuple):
        return told
    array = np.empty(told[1], told[0])
    left = _bytes(array)
    while len(left):
        got = os.readv(connection.fileno(), [left])
        if not got:
            raise EOFError
        left = left[got:]
    return array


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
