"""The folder of a run: found free, held by one process at a time, and told of before its first step."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from styleshift.errors import LockedError, UsageError
from styleshift.system.files import remove_partial_files, write_json
from styleshift.system.interrupt import Interrupted
from styleshift.system.lock import file_lock
from styleshift.training.files import remove_partial_checkpoints
from styleshift.training.find import (
    BEGUN_FILE,
    CHECKPOINTS,
    RUN_FILE,
    forget_begun,
    free_name,
    has_checkpoints,
)
from styleshift.workspace import Workspace


@contextmanager
def begun(place: Workspace, pair: tuple[str, str], name: str | None) -> Iterator[None]:
    """Have the next ``resume_run`` know of a training that is stopped, or killed, before its first step."""
    with suppress(OSError):  # a full disk; what cannot be done without is told of elsewhere
        words = {"pid": os.getpid(), "domains": list(pair), "name": name}
        (place.runs / BEGUN_FILE).write_text(json.dumps(words), "utf-8")
    try:
        yield
    except Interrupted:
        raise
    except Exception:  # it has ended with an error, which is told
        forget_begun(place)
        raise


@contextmanager
def new_folder(place: Workspace, pair: tuple[str, str], name: str | None) -> Iterator[Path]:
    """Make the folder of a new run and hold its lock."""
    taken: set[Path] = set()
    while True:
        folder = free_name(place, pair, name, taken)
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(folder))
            except LockedError:
                if name is not None:
                    raise
                taken.add(folder)  # another training that begins just now
                continue
            if has_checkpoints(folder):  # it has begun while this one prepared
                continue
            yield folder
            return


def check_writable(place: Workspace) -> None:
    """Find a folder that cannot be written to before the work, not after."""
    try:
        place.runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place.runs):
            pass
    except OSError as error:
        raise _unwritable(place.runs, error) from error


def write_run(folder: Path, values: Mapping[str, Any]) -> None:
    """What is known of a run before its first step; raises UsageError where it cannot be written."""
    try:
        write_json(folder / RUN_FILE, values)
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run's folder, free of what a killed process was writing; raises LockedError, UsageError."""
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(folder / "lock", f"run {folder.name}"))
        except OSError as error:
            raise _unwritable(folder, error) from error
        for place in (folder, folder / CHECKPOINTS):
            remove_partial_files(place)  # of a run that was killed
            remove_partial_checkpoints(place)
        yield


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write to {folder}: {error.strerror or error}", "make room there, or use another `workspace`"
    )
