"""Jobs: processes of their own, found again by whoever serves the page next.

Each has a folder ``studio/jobs/<id>/`` in the workspace: ``job.json`` says what it does, ``log.jsonl`` how
it goes, ``lock`` is held while it lives. A job is not the server's child in anything but birth: it has a
session of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from styleshift.errors import NothingToDoError, UsageError
from styleshift.studio.follow import JobLog
from styleshift.studio.work import JOB_FILE, LOG_FILE
from styleshift.system.files import write_json
from styleshift.system.lock import is_held

MOST_RUNNING = 4
KEPT = 100
_BIRTH_SECONDS = 20.0
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


class Jobs:
    """All jobs of a workspace.

    Args:
        folder: of their folders; made when the first one starts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs: dict[str, JobLog] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()

    def start(self, kind: str, title: str, arguments: Mapping[str, Any]) -> str:
        """Start a job.

        Args:
            kind: a key of :data:`styleshift.studio.tasks.TASKS`.
            title: for people.
            arguments: plain values, as that task takes them.

        Returns:
            Its name.

        Raises:
            UsageError: enough are running, or the workspace cannot be written to.
        """
        with self._lock:
            running = [job for job in self.all() if job["status"] == "running"]
            if len(running) >= MOST_RUNNING:
                raise UsageError(f"{len(running)} jobs are running", "wait for one to end, or stop one")
            name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
            folder = self._folder / name
            job = {"kind": kind, "title": title, "started": time.time(), "arguments": dict(arguments)}
            try:
                folder.mkdir(parents=True)
                write_json(folder / JOB_FILE, job)
                self._children[name] = self._spawn(folder)
            except OSError as error:
                raise UsageError(
                    f"the job cannot be started: {error.strerror or error}",
                    "make space, or let yourself write to the workspace",
                ) from error
            self._forget_old()
            return name

    def _spawn(self, folder: Path) -> subprocess.Popen[bytes]:
        # Locked before it is born, so that nobody takes a job for dead that has not begun yet.
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with (folder / "output.txt").open("wb") as output:
                return subprocess.Popen(
                    [sys.executable, "-m", "styleshift.studio.work", str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(lock,),
                    start_new_session=True,
                )
        finally:
            os.close(lock)

    def stop(self, name: str, *, at_once: bool = False) -> None:
        """Ask a job to stop in good order, or end it.

        Raises:
            NothingToDoError: there is no such job, or it is not running.
        """
        log = self._log(name)
        patience = time.monotonic() + _BIRTH_SECONDS
        while self.state(name)["status"] == "running" and not log.pid and time.monotonic() < patience:
            time.sleep(0.05)  # it is being born, and does not hear yet
        if log.status != "running" or not log.pid:
            raise NothingToDoError("this job is not running", "reload the page to see how it ended")
        with contextlib.suppress(ProcessLookupError):
            if at_once:
                os.killpg(log.pid, signal.SIGKILL)  # it leads a session of its own
            else:
                os.kill(log.pid, signal.SIGINT)

    def all(self) -> list[dict[str, Any]]:
        """The state of every job, the newest first."""
        with self._lock:
            names = [path.parent.name for path in self._folder.glob(f"*/{JOB_FILE}")]
            return [self.state(name) for name in sorted(names, reverse=True) if _ID.fullmatch(name)]

    def state(self, name: str) -> dict[str, Any]:
        """What is known of a job; raises NothingToDoError."""
        with self._lock:
            log = self._log(name)
            if (child := self._children.get(name)) is not None and child.poll() is not None:
                del self._children[name]  # it is buried
            alive = log.status == "running" and is_held(self._folder / name / "lock")
            log.read()  # after the look: what it wrote last is there now
            if log.status == "running" and not alive:
                log.status = "died"
            return {"id": name, **log.state()}

    def log(self, name: str) -> JobLog:
        """All that a job said; raises NothingToDoError."""
        with self._lock:
            self.state(name)
            return self._log(name)

    def _log(self, name: str) -> JobLog:
        if name not in self._logs:
            folder = self._folder / name
            try:
                if not _ID.fullmatch(name):
                    raise ValueError
                job = json.loads((folder / JOB_FILE).read_text("utf-8"))
            except (OSError, ValueError) as error:
                raise NothingToDoError(f"there is no job {name!r}", "reload the page") from error
            self._logs[name] = JobLog(folder / LOG_FILE, job)
        return self._logs[name]

    def _forget_old(self) -> None:
        for job in self.all()[KEPT:]:
            if job["status"] != "running":
                shutil.rmtree(self._folder / job["id"], ignore_errors=True)
                self._logs.pop(job["id"], None)
