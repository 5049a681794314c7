"""What all routes share: the studio's parts, requests read with care, errors as plain values."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from styleshift.errors import LockedError, NothingToDoError, StyleshiftError, UsageError
from styleshift.studio.folders import Folders, ForbiddenError
from styleshift.studio.jobs import Jobs
from styleshift.studio.looks import Looks
from styleshift.studio.styles import Styles
from styleshift.studio.uploads import TooLargeError
from styleshift.system.lines import plain
from styleshift.workspace import Workspace

_MOST_BODY = 4 << 20
_AS_JSON = "send an object, with the content type application/json"


@dataclass(frozen=True, slots=True)
class Studio:
    """All that routes work with.

    Attributes:
        place: the workspace; its path is absolute.
        folders: what may be looked into.
        jobs: what is being done.
        looks: pictures.
        styles: collections.
        closing: set when the server ends.
    """

    place: Workspace
    folders: Folders
    jobs: Jobs
    looks: Looks
    styles: Styles
    closing: threading.Event


def studio(request: Request) -> Studio:
    """The studio that a request is for."""
    found = request.app.state.studio
    assert isinstance(found, Studio)
    return found


async def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request; raises UsageError."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise UsageError("this request is no JSON", _AS_JSON)
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _MOST_BODY:
            raise TooLargeError("this request is too long", "send less at once")
    try:
        values = json.loads(data)
    except ValueError as error:
        raise UsageError("this request is no JSON", _AS_JSON) from error
    if not isinstance(values, dict):
        raise UsageError("this request is no JSON object", _AS_JSON)
    return values


def text(values: dict[str, Any], key: str, default: str | None = None) -> str:
    """A text of a request; raises UsageError where it is missing, or no text."""
    value = values.get(key, default)
    if not isinstance(value, str) or len(value) > 4096:
        raise UsageError(f"{key} is {value!r}; it must be text")
    return value


def texts(values: dict[str, Any], key: str) -> list[str]:
    """A list of texts; raises UsageError."""
    value = values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{key} is {value!r}; it must be a list of texts")
    return value


def number(values: dict[str, Any], key: str, low: float, high: float) -> float | None:
    """A number of a request, or None where there is none; raises UsageError."""
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise UsageError(f"{key} is {value!r}; it must be a number from {low:g} to {high:g}")
    return float(value)


def flag(values: dict[str, Any], key: str) -> bool:
    """Whether something is wanted; raises UsageError."""
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise UsageError(f"{key} is {value!r}; it must be true or false")
    return value


class Json(JSONResponse):
    """Values for the page: all ASCII, so that names that are no UTF-8 pass."""

    def render(self, content: Any) -> bytes:
        """As JSON; NaN and infinity, which JSON has not, become null."""
        return json.dumps(_finite(content), default=plain).encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def refuse(request: Request, error: Exception) -> Response:
    """An error of the library, or of the web layer, as a page shows it: a message and a hint."""
    if isinstance(error, HTTPException):
        return Json({"error": {"message": str(error.detail), "hint": ""}}, error.status_code)
    assert isinstance(error, StyleshiftError)
    kinds = ((ForbiddenError, 403), (TooLargeError, 413), (NothingToDoError, 404), (LockedError, 409))
    code = next((code for kind, code in kinds if isinstance(error, kind)), 400)
    return Json({"error": {"message": error.message, "hint": error.hint}}, code)


def gone(request: Request, error: Exception) -> Response:
    """Nobody waits for an answer any more."""
    assert isinstance(error, ClientDisconnect)
    return Response(status_code=400)
