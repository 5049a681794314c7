"""The check of a domain source: every recording it finds can be named, opened, read and read again."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.hooks.records import DomainSpec, Recording
from styleshift.testing.contract import ContractError, checked, contract, options_of, require


@contract("the check came upon an error")
def check_domain(
    spec: DomainSpec, folder: Path, options: Mapping[str, Any] | None = None, *, seconds: float = 10.0
) -> dict[str, list[Recording]]:
    """Check a domain source on a folder in which it finds something.

    Names must be unique and stay inside their domain; two searches must agree; recordings must survive
    pickling, since workers read them; audio must come in float32 blocks of the size asked for, finite, and
    the same on a second pass. An empty folder must give nothing, without an error.

    Args:
        spec: the record.
        folder: as a person would give it to ``styleshift precompute``; at least one recording in it.
        options: as ``source_options`` sets them.
        seconds: how much of each recording is read.

    Returns:
        The recordings found, by domain.

    Raises:
        ContractError: in plain words.
    """
    spec = checked(spec, DomainSpec)
    config = options_of(spec, options)
    with tempfile.TemporaryDirectory() as empty:
        nothing = _search(spec, config, Path(empty))
        require(not any(nothing.values()), f"{spec.name!r} finds recordings in an empty folder: {nothing}")
    found = _search(spec, config, folder)
    require(any(found.values()), f"{spec.name!r} finds nothing in {folder}")
    again = _search(spec, config, folder)
    require(
        _identities(found) == _identities(again),
        f"{spec.name!r} finds other recordings, or in another order, when it looks a second time",
    )
    for name, recordings in found.items():
        _check_names(name, recordings)
        for recording in recordings:
            _check_recording(recording, seconds)
    return found


def _search(spec: DomainSpec, config: Any, folder: Path) -> dict[str, list[Recording]]:
    with contract("find failed"):
        found = spec.find(config, folder)
    return {name: list(recordings) for name, recordings in found.items()}


def _identities(found: dict[str, list[Recording]]) -> list[Any]:
    return [(domain, [(item.name, item.version) for item in items]) for domain, items in found.items()]


def _check_names(domain: str, recordings: list[Recording]) -> None:
    seen: set[str] = set()
    for recording in recordings:
        require(recording.name not in seen, f"domain {domain!r} holds {recording.name!r} twice")
        seen.add(recording.name)


def _check_recording(recording: Recording, seconds: float) -> None:
    name = recording.name
    require(recording.path.is_file(), f"{name!r}: its path {recording.path} is no file")
    try:
        pickle.loads(pickle.dumps(recording))
    except Exception as error:  # pickle raises many types
        raise ContractError(
            f"{name!r} cannot be pickled ({error}): its open must be a function of a module, "
            "or functools.partial of one"
        ) from error
    first = _read(recording, 4096, seconds)
    second = _read(recording, 1000, seconds)
    length = min(len(first), len(second))
    require(length > 0, f"{name!r} opens, but no audio comes")
    require(
        (first[:length] == second[:length]).all(),
        f"{name!r} is other audio on a second pass, or in blocks of another size",
    )


def _read(recording: Recording, size: int, seconds: float) -> Float32Array:
    name = recording.name
    stream = recording.open()
    try:
        wanted = int(seconds * stream.sample_rate)
        blocks, total = [], 0
        for block in stream.blocks(size):
            require(np.isfinite(block).all(), f"{name!r}: a block holds values that are not finite")
            blocks.append(block.copy())
            total += len(block)
            if total >= wanted:
                break
        else:
            require(
                stream.frames is None or abs(stream.frames - total) <= stream.sample_rate,
                f"{name!r}: {total} frames came where frames said {stream.frames}",
            )
    finally:
        stream.close()
        stream.close()  # a second close is harmless
    return np.concatenate(blocks)[:wanted] if blocks else np.zeros((0, 1), np.float32)
