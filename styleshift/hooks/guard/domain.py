"""What a domain source finds: recordings, and their streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from styleshift.hooks.guard.owner import END, Owner, kind_of
from styleshift.hooks.records import AudioStream, DomainSpec, Recording
from styleshift.words import Remark

if TYPE_CHECKING:
    from styleshift.arrays import Float32Array


def find(owner: Owner, spec: DomainSpec, config: Any, root: Path) -> dict[str, list[Recording]]:
    """The recordings of each domain, names and types checked, their streams guarded."""
    found = owner.call(spec.find, config, root)
    if not isinstance(found, Mapping):
        raise owner.fault(f"find returned {kind_of(found)}, not recordings by domain")
    checked = {}
    for name, given in found.items():
        if not isinstance(name, str) or not name or name.startswith(".") or set(name) & set("/\\\0"):
            raise owner.fault(f"find returned a domain {name!r}, which cannot be a folder name")
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise owner.fault(f"find returned {kind_of(given)} for {name!r}, not recordings")
        # A generator runs the plugin's code as it is read.
        checked[name] = [_recording(owner, name, each) for each in owner.call(list, given)]
    return checked


def _recording(owner: Owner, domain: str, given: object) -> Recording:
    if not isinstance(given, Recording):
        raise owner.fault(f"find returned {kind_of(given)} among the recordings of {domain!r}")
    inside = isinstance(given.name, str) and given.name and ".." not in PurePosixPath(given.name).parts
    if not inside or given.name.startswith("/"):
        raise owner.fault(f"the recording name {given.name!r} leaves its domain {domain!r}")
    for name, value, wanted in (("path", given.path, Path), ("version", given.version, str)):
        if not isinstance(value, wanted):
            raise owner.fault(f"{given.name!r} has a {name} that is {kind_of(value)}")
    if not callable(given.open):
        raise owner.fault(f"{given.name!r} has an open that cannot be called")
    return replace(given, open=partial(_open, owner, given.open, given.name))


def _open(owner: Owner, opens: Callable[[], AudioStream], name: str) -> AudioStream:
    return _Stream(owner, owner.call(opens), name)


class _Stream:
    """An audio stream whose format and blocks are checked."""

    def __init__(self, owner: Owner, stream: AudioStream, name: str) -> None:
        self._owner, self._stream, self._name = owner, stream, name
        for member in ("sample_rate", "channels", "frames", "blocks", "close"):
            if not hasattr(stream, member):
                raise self._fault(f"its stream, {kind_of(stream)}, has no {member}")
        self.sample_rate = self._whole("sample_rate", stream.sample_rate, 1000, 768_000)
        self.channels = self._whole("channels", stream.channels, 1, 256)
        self.frames = None if stream.frames is None else self._whole("frames", stream.frames, 0, 1 << 53)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it says of the recording; known once the blocks have ended."""
        said = getattr(self._stream, "warnings", ())
        return tuple(each if isinstance(each, Remark) else str(each) for each in said)

    def blocks(self, frames: int) -> Iterator[Float32Array]:
        """See :class:`styleshift.hooks.records.AudioStream`."""
        blocks = self._owner.call(lambda: iter(self._stream.blocks(frames)))
        while (block := self._owner.call(next, blocks, END)) is not END:
            dtype: Any = getattr(block, "dtype", kind_of(block))
            shape: list[int] = list(getattr(block, "shape", []))
            if dtype != "float32":
                raise self._fault(f"a block is {dtype}, not float32")
            if len(shape) != 2 or shape[1] != self.channels or not 0 < shape[0] <= frames:
                raise self._fault(f"a block is {shape}; [1 to {frames}, {self.channels}] was wanted")
            yield block

    def close(self) -> None:
        """Let go of the file."""
        self._owner.call(self._stream.close)

    def _whole(self, what: str, value: object, low: int, high: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._fault(f"{what} is {value!r}; it must be a whole number from {low} to {high}")
        return value

    def _fault(self, what: str) -> Exception:
        return self._owner.fault(f"{self._name}: {what}")
