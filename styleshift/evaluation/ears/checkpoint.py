"""Tensors of a TensorFlow checkpoint (version 2), read without TensorFlow.

It is two files. ``.index`` is a table of LevelDB (its ``table_format.md``): sorted blocks of names, of which
each but the first repeats only how its name goes on, and beside each name a protocol buffer
(``tensor_bundle.proto``) with type, shape and place. ``.data-00000-of-00001`` holds the raw numbers. Of the
many things that such files may hold, what is read is float32 in one file, uncompressed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from styleshift.errors import UsageError
from styleshift.evaluation.features import Array

_FOOTER, _MAGIC = 48, bytes.fromhex("57fb808b247547db")
# Fields of a tensor's entry, of its shape, of a side of its shape.
_TYPE, _SHAPE, _OFFSET, _SIZE, _CHECKSUM = 1, 2, 4, 5, 6
_SIDES, _LENGTH = 2, 1
_FLOAT32 = 1


def read_checkpoint(index: Path) -> dict[str, Array]:
    """All tensors by name.

    Args:
        index: the file that ends in ``.index``; the other one lies beside it.

    Raises:
        UsageError: they cannot be read, are damaged, or hold something else than float32.
    """
    try:
        data = index.with_name(index.name.removesuffix(".index") + ".data-00000-of-00001")
        return _tensors(index.read_bytes(), data.read_bytes())
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(
            f"the checkpoint {str(index)!r} cannot be read: {error}", "install its package anew"
        ) from error


def _tensors(index: bytes, data: bytes) -> dict[str, Array]:
    footer = index[-_FOOTER:]
    if len(footer) < _FOOTER or not footer.endswith(_MAGIC):
        raise ValueError("the index does not end as one")
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    found = {}
    for _, place in _block(index, footer[at:]):
        for name, value in _block(index, place):
            if name:  # the nameless one is the header
                found[name.decode()] = _tensor(value, data)
    if 4 * sum(tensor.size for tensor in found.values()) != len(data):
        raise ValueError(f"the tensors do not fill the {len(data)} bytes of the data")
    return found


def _tensor(entry: bytes, data: bytes) -> Array:
    numbers, parts = _message(entry)
    _, shape = _message(parts.pop(_SHAPE, [b""])[0])
    sides = [_message(side)[0].get(_LENGTH, 0) for side in shape.get(_SIDES, [])]
    count, start = math.prod(sides), numbers.get(_OFFSET, 0)
    if numbers.get(_TYPE) != _FLOAT32 or parts or numbers.keys() - {_TYPE, _OFFSET, _SIZE, _CHECKSUM}:
        raise ValueError("a tensor is not float32 in one piece")
    if numbers.get(_SIZE) != 4 * count or start + 4 * count > len(data):
        raise ValueError("a tensor is longer or shorter than its shape")
    return np.frombuffer(data, "<f4", count, start).reshape(sides)


def _block(index: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the block at a handle: its place and its size."""
    start, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    block = index[start : start + size]
    if len(block) < size or index[start + size]:
        raise ValueError("the index is cut or compressed")
    end = size - 4 * (1 + int.from_bytes(block[-4:], "little"))  # behind come places to start from
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        at += fresh + length
        yield key, block[at - length : at]


def _message(data: bytes) -> tuple[dict[int, int], dict[int, list[bytes]]]:
    """The fields of a protocol buffer by number: those that are numbers, and the others."""
    numbers: dict[int, int] = {}
    parts: dict[int, list[bytes]] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            numbers[field], at = _varint(data, at)
        elif kind == 2:
            length, at = _varint(data, at)
            parts.setdefault(field, []).append(data[at : at + length])
            at += length
        elif kind == 5:
            numbers[field], at = int.from_bytes(data[at : at + 4], "little"), at + 4
        else:
            raise ValueError("the index holds no tensor where one should be")
    return numbers, parts


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while data[at] & 128:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1
