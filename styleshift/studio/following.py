"""Routes of jobs: starting and stopping them, and how they stand, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from styleshift.studio.asked import start_job
from styleshift.studio.folders import address
from styleshift.studio.web import Json, Studio, body, flag, studio

SECONDS_BETWEEN = 0.4
_BREATH = 15.0
_MOST_TRACKS = 5000


async def start(request: Request) -> Response:
    """Start a job of the kind that the address names."""
    values = await body(request)
    name = await asyncio.to_thread(start_job, studio(request), request.path_params["kind"], values)
    return Json({"id": name}, 201)


async def stop(request: Request) -> Response:
    """Ask a job to stop in good order, or end it at once."""
    values = await body(request)
    name, at_once = request.path_params["job"], flag(values, "at_once")
    await asyncio.to_thread(studio(request).jobs.stop, name, at_once=at_once)
    return Json({})


def show(request: Request) -> Response:
    """All that a job said, but for its files."""
    jobs = studio(request).jobs
    log = jobs.log(request.path_params["job"])
    return Json(
        {
            "id": request.path_params["job"],
            **log.state(),
            "arguments": log.arguments,
            "messages": log.messages,
            "results": log.results,
            "rows": {kind: [_addressed(row) for row in rows] for kind, rows in log.rows.items()},
        }
    )


def tracks(request: Request) -> Response:
    """The files of a conversion or of its plan, from the ``from``-th on."""
    log = studio(request).jobs.log(request.path_params["job"])
    first = request.query_params.get("from", "0")
    start = int(first) if first.isdecimal() else 0
    rows = list(log.tracks.values())
    shown = [_addressed(row) for row in rows[start : start + _MOST_TRACKS]]
    return Json({"total": len(rows), "tracks": shown})


def _addressed(row: dict[str, object]) -> dict[str, object]:
    """With addresses in the place of paths."""
    ways = {key: address(str(row[key])) for key in ("source", "target") if row.get(key)}
    return {**row, **ways}


async def events(request: Request) -> Response:
    """Every job's state, whenever one has changed; goes on until the page goes."""
    return StreamingResponse(_states(studio(request), request), media_type="text/event-stream")


async def _states(parts: Studio, request: Request) -> AsyncIterator[str]:
    told: dict[str, str] = {}
    quiet = 0.0
    yield "retry: 1000\n\n"
    while not parts.closing.is_set() and not await request.is_disconnected():
        states = await asyncio.to_thread(parts.jobs.all)
        now = {state["id"]: json.dumps(state) for state in states}
        if now != told or not told:
            changed = [text for name, text in now.items() if told.get(name) != text]
            gone = json.dumps([name for name in told if name not in now])
            yield f'data: {{"jobs": [{", ".join(changed)}], "gone": {gone}}}\n\n'
            told, quiet = now, 0.0
        elif quiet > _BREATH:
            yield ": still here\n\n"
            quiet = 0.0
        await asyncio.sleep(SECONDS_BETWEEN)
        quiet += SECONDS_BETWEEN


ROUTES = [
    Route("/api/events", events),
    Route("/api/jobs/{kind}", start, methods=["POST"]),
    Route("/api/jobs/{job}", show),
    Route("/api/jobs/{job}/tracks", tracks),
    Route("/api/jobs/{job}/stop", stop, methods=["POST"]),
]
