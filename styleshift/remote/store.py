"""One folder of a store: what is in it, a file to here, a file from here, whole or not at all.

What a store calls a version of a file (its ETag, or another checksum) stands in the stamp in the place of the
inode. Object stores show an object when its upload is complete; elsewhere a file is uploaded under another
name and then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from styleshift.errors import StyleshiftError, UsageError
from styleshift.remote.address import checked_address, without_secrets
from styleshift.system.hashing import FileStamp, storable

T = TypeVar("T")

_EXTRA = 'pip install "styleshift[remote]"'
# Seconds before each new try of what failed.
WAITS = (0.25, 1.0, 4.0, 15.0)
_AT_ONCE = 16
_PARTIAL = re.compile(r"\.styleshift-[0-9a-f]{16}-")
_FORGETTING = Lock()
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "checksum")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")


class StoreError(OSError):
    """The store does not give or take something, after some tries; ``strerror`` says why, without secrets.

    Attributes:
        final: it would not another time either.
        no_room: a disk is full.
    """

    def __init__(self, what: str, error: BaseException) -> None:
        words = without_secrets(str(error).strip()).splitlines() or [""]
        super().__init__(5, f"{what}: {words[0] or type(error).__name__}")
        self.no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        self.final = isinstance(error, PermissionError) or "Credential" in type(error).__name__


class Store:
    """A folder at an address; names are POSIX paths below it.

    Args:
        address: such as ``s3://bucket/audio``.

    Raises:
        UsageError: the address holds a password.
        StyleshiftError: a package is missing, or the address means nothing.
    """

    def __init__(self, address: str) -> None:
        self.address = checked_address(address)
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise StyleshiftError(f"{self.address} needs the package fsspec", _EXTRA) from error
        try:
            self._files, self._root = url_to_fs(self.address)
        except ImportError as error:
            hint = _EXTRA if "s3fs" in str(error) else "install it"
            raise StyleshiftError(f"{self.address} needs another package: {error}", hint) from error
        except ValueError as error:
            raise StyleshiftError(f"{self.address} is no address that is known: {error}") from error
        named = self._files.protocol
        self._protocols = (named,) if isinstance(named, str) else named
        self._appears_whole = not _OBJECT_STORES.isdisjoint(self._protocols)

    @property
    def place(self) -> str:
        """One text for all addresses of the same folder: of ``s3://`` and ``s3a://``, and paths."""
        kind = self._protocols[0]
        return place_of(self._root) if kind == "file" else f"{kind}:{self._root}"

    def stamps(self) -> dict[str, FileStamp]:
        """Every file below, by name. A store gives it in pages; all of it is then in memory.

        Raises:
            StoreError: it cannot be listed.
        """
        self._files.invalidate_cache()
        found = self._tried("listing it", lambda: self._files.find(self._root, detail=True), missing={})
        start = len(self._root) + 1
        return {path[start:]: _stamp(info) for path, info in found.items()}

    def listed(self) -> dict[str, FileStamp]:
        """As :meth:`stamps`, of an address that a person gave.

        Raises:
            UsageError: it cannot be listed.
        """
        with self._said():
            return self.stamps()

    def folder(self, name: str) -> tuple[dict[str, FileStamp], list[str]]:
        """The files and the folders directly in a folder, by their names below this one.

        Args:
            name: of the folder; empty: this one.

        Returns:
            Both are empty where there is no such folder. A folder's name may end with a slash: one whose name
            is empty.

        Raises:
            UsageError: it cannot be listed.
        """
        path = f"{self._root}/{name}" if name else self._root

        def ls() -> list[dict[str, Any]]:
            self._forget(path)
            found: list[dict[str, Any]] = self._files.ls(path, detail=True)
            self._forget(path)  # a library would keep all that it ever listed
            return found

        with self._said():
            found = self._tried("listing it", ls, missing=[])
        files: dict[str, FileStamp] = {}
        folders: list[str] = []
        start = len(self._root) + 1
        for info in found:
            path_there = info["name"]
            if not path_there.startswith(f"{path}/"):  # it is a file
                continue
            if info["type"] == "directory":
                folders.append(path_there[start:])
            elif len(path_there) > len(path) + 1:  # else a mark that there is a folder
                files[path_there[start:]] = _stamp(info)
        return files, folders

    def file(self, name: str) -> FileStamp | None:
        """Of a file, if there is one and it is no folder; raises UsageError."""
        with self._said():
            info = self._tried(name, lambda: self._info(name), missing=None)
        return _stamp(info) if info is not None and info["type"] == "file" else None

    def _forget(self, path: str) -> None:
        with _FORGETTING:  # several threads list
            self._files.invalidate_cache(path)

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            hint = "check the address, and the credentials in the environment or in the usual files"
            raise UsageError(f"{self.address} cannot be listed: {error.strerror}", hint) from None

    def stamp(self, name: str) -> FileStamp:
        """Of one file as it is now; raises StoreError."""
        return _stamp(self._tried(name, lambda: self._info(name)))

    def there(self, name: str) -> bool:
        """Whether there is such a file now; raises StoreError."""
        return self._tried(name, lambda: self._info(name), missing=None) is not None

    def fetch(
        self,
        name: str,
        path: Path,
        report: Callable[[], None],
        make_room: Callable[[int], None] = lambda size: None,
    ) -> FileStamp:
        """Bring a file here.

        Args:
            name: of the file.
            path: its copy, of the same time; made in a folder that is there.
            report: called while bytes come.
            make_room: called with the file's bytes before they come, and may wait.

        Returns:
            The file's stamp before.

        Raises:
            StoreError: it is not there, changes, or does not come whole.
        """

        def get() -> FileStamp:
            report()
            before = _stamp(self._info(name))
            make_room(before.size)
            self._files.get_file(self._path(name), str(path), callback=_callback(report))
            if path.stat().st_size != before.size:
                raise OSError(f"{path.stat().st_size} of {before.size} bytes came")
            after = self._info(name)
            if _stamp(after) != before:
                raise OSError("it changed while it was read")
            if when := _time(after):
                os.utime(path, (when, when))
            return before

        return self._tried(name, get)

    def send(self, path: Path, name: str, report: Callable[[], None] = lambda: None) -> None:
        """Put a file there, in place of what has that name.

        Raises:
            StoreError: it does not arrive whole; what was there before is still there.
        """
        target = self._path(name)

        def put() -> None:
            report()
            self._whole(
                target, lambda there: self._files.put_file(str(path), there, callback=_callback(report))
            )
            size = self._info(name)["size"]
            if size != path.stat().st_size:
                raise OSError(f"{size} of {path.stat().st_size} bytes arrived")

        self._tried(name, put)

    def read(self, names: Iterable[str]) -> list[bytes]:
        """The bytes of small files, many at once; raises StoreError."""

        def read(name: str) -> bytes:
            data: bytes = self._tried(name, lambda: self._files.cat_file(self._path(name)))
            return data

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(read, names))

    def write(self, name: str, data: bytes) -> None:
        """Write a small file of our own; raises StoreError."""
        path = self._path(name)
        self._tried(name, lambda: self._whole(path, lambda there: self._files.pipe_file(there, data)))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, if they are there; raises StoreError."""
        for name in names:
            self._tried(name, partial(self._files.rm_file, self._path(name)), missing=None)

    def _whole(self, target: str, write: Callable[[str], object]) -> None:
        """Written under another name and renamed, where half a file could be seen."""
        if self._appears_whole:
            write(target)
            return
        folder, _, last = target.rpartition("/")
        self._files.makedirs(folder, exist_ok=True)
        partial = f"{folder}/.styleshift-{secrets.token_hex(8)}-{last}"
        try:
            write(partial)
            self._files.mv(partial, target)
        except BaseException:
            if self._files.exists(partial):
                self._files.rm_file(partial)
            raise

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _info(self, name: str) -> dict[str, Any]:
        self._files.invalidate_cache()
        found: dict[str, Any] = self._files.info(self._path(name))
        return found

    def _tried(self, what: str, action: Callable[[], T], **missing: Any) -> T:
        for wait in (*WAITS, None):
            try:
                return action()
            except FileNotFoundError as error:
                if missing:
                    value: T = missing["missing"]
                    return value
                raise StoreError(what, error) from None
            except Exception as error:  # whatever a library for some store raises
                failed = StoreError(what, error)
                if wait is None or failed.final:
                    raise failed from None  # the cause may hold secrets
                time.sleep(wait)
        raise AssertionError("the last try returns or raises")


def is_partial(name: str) -> bool:
    """Whether a file was on its way to a store that has no whole uploads."""
    return _PARTIAL.match(name.rpartition("/")[2]) is not None


def _callback(report: Callable[[], None]) -> Any:
    from fsspec.callbacks import Callback

    return Callback(hooks={"report": lambda *_: report()})


def place_of(path: str | Path) -> str:
    """As :attr:`Store.place`, of a folder of this machine."""
    return f"file:{os.path.realpath(path)}"


def _stamp(info: Mapping[str, Any]) -> FileStamp:
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), "")
    # Where there is a version it is enough: a listing may give a time in other steps than the file alone.
    seconds = 0.0 if version else _time(info)
    if not version and not seconds:  # nothing says that it has not changed
        version = secrets.token_hex(8)
    number = int.from_bytes(hashlib.sha256(version.encode()).digest()[:7]) if version else 0
    return FileStamp(*storable((int(info["size"]), int(seconds * 1e9), 0, number)))


def _time(info: Mapping[str, Any]) -> float:
    """When a file was written, in seconds since 1970; 0 where the store does not say."""
    when = next((info[key] for key in _TIMES if info.get(key)), None)
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    return when.timestamp() if isinstance(when, datetime) else float(when or 0)
