"""Reads the log of a job as it grows, and knows how the job stands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from styleshift.errors import EXIT_OK, EXIT_SIGINT, EXIT_SIGTERM, EXIT_SOME_FAILED

_MOST_MESSAGES = 500


class JobLog:
    """What a job said so far.

    Args:
        path: of its log.
        job: what ``job.json`` says.

    Attributes:
        status: ``running``, ``done``, ``stopped``, ``failed`` or ``died``.
        pid: of its process; 0 until it said so.
        messages: the last sentences, oldest first.
        tracks: outcomes of files, by name, in the order in which they came.
        results: the last event of each other kind.
        rows: all events of a kind that comes more than once.
    """

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        self._path = path
        self._job = job
        self._position = 0
        self._rest = b""
        self.status = "running"
        self.pid = 0
        self.messages: list[dict[str, Any]] = []
        self.tracks: dict[str, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        self.results: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._tasks: dict[int, dict[str, Any]] = {}
        self._warned = 0
        self._error: dict[str, str] | None = None
        self._ended: float | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What the task was given."""
        return dict(self._job["arguments"])

    def read(self) -> None:
        """Take in what came since the last time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except OSError:
            return
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                values = json.loads(line)
            except ValueError:
                continue  # cut short by a full disk
            if isinstance(values, dict):
                self._take(values)

    def state(self) -> dict[str, Any]:
        """What a page shows of it."""
        return {
            "kind": self._job["kind"],
            "title": self._job["title"],
            "started": self._job["started"],
            "ended": self._ended,
            "status": self.status,
            "tasks": [dict(task) for task in self._tasks.values()],
            "last": self._last(),
            "said": len(self.messages),
            "error": self._error,
            "counts": dict(self.counts),
            "heard": self._position,
        }

    def _last(self) -> dict[str, Any] | None:
        """The last sentence; at the end, where there are warnings, that there are: none stands for all."""
        if self.status != "running" and self._warned > 1:
            return {"level": "warning", "text": f'{self._warned} warnings: open "What it said"'}
        return next((each for each in reversed(self.messages) if each["level"] != "detail"), None)

    def _take(self, values: dict[str, Any]) -> None:
        line = values.get("line")
        if line == "begin":
            self.pid = int(values["pid"])
        elif line == "task":
            shown = {key: values.get(key) for key in ("label", "total", "unit")}
            self._tasks[values["task"]] = {**shown, "done": 0.0, "figures": {}}
        elif line == "advance" and values["task"] in self._tasks:
            self._tasks[values["task"]] |= {"done": values["done"], "figures": values["figures"]}
        elif line == "over":
            self._tasks.pop(values["task"], None)
        elif line == "say":
            self.messages.append({"level": values["level"], "text": values["text"]})
            del self.messages[:-_MOST_MESSAGES]
            self._warned += values["level"] == "warning"
        elif line == "event":
            self._event(values["kind"], values["fields"])
        elif line == "error":
            self._error = {"message": values["message"], "hint": values["hint"]}
        elif line == "end":
            self._end(int(values["exit_code"]), values.get("time"))

    def _event(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == "track":
            before = self.tracks.get(fields["name"])
            if before is not None:
                self.counts[before["status"]] -= 1
            self.counts[fields["status"]] += 1
            self.tracks[fields["name"]] = {**(before or {}), **fields}
        elif kind in ("file", "planned", "domain", "verified", "exported"):
            self.rows.setdefault(kind, []).append(fields)
        else:
            self.results[kind] = fields

    def _end(self, code: int, when: float | None) -> None:
        stopped = (EXIT_SIGINT, EXIT_SIGTERM)
        fine = code in (EXIT_OK, EXIT_SOME_FAILED)
        self.status = "done" if fine else "stopped" if code in stopped else "failed"
        self._tasks.clear()
        self._ended = when
        if self.status == "stopped":
            self._error = None
