"""Routes to hear and see recordings: the recordings by range, their pictures, and players for them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from styleshift.errors import UsageError
from styleshift.pages import Player, Shot, render
from styleshift.pages.player import hertz_ticks, time_ticks, wave_path
from styleshift.studio.folders import address, from_query
from styleshift.studio.looks import Look, difference, gains, picture
from styleshift.studio.web import studio

_KEEP = {"Cache-Control": "private, max-age=3600"}
MOST_SHOTS = 4


def media(request: Request) -> Response:
    """A recording, or the part of it that a range names; only that is read."""
    parts = studio(request)
    path = parts.looks.playable(parts.folders.recording(_path(request, "at")))
    return FileResponse(path, headers={"Content-Disposition": "inline", **_KEEP})


def download(request: Request) -> Response:
    """A recording, to keep."""
    path = studio(request).folders.recording(_path(request, "at"))
    return FileResponse(path, filename=path.name.encode("utf-8", "replace").decode("utf-8"))


def show_picture(request: Request) -> Response:
    """The spectrogram of the recording ``at``, in colours that fit those named ``with``."""
    parts = studio(request)
    query = _query(request)
    paths = [parts.folders.recording(_path(request, "at"))]
    paths += [parts.folders.recording(_decoded(value)) for key, value in query if key == b"with"]
    looks = parts.looks.alike(paths[:MOST_SHOTS])
    return Response(picture(looks[0], looks), media_type="image/png", headers=_KEEP)


def show_difference(request: Request) -> Response:
    """What changed from the recording ``at`` to the one ``with``."""
    parts = studio(request)
    paths = [parts.folders.recording(_path(request, key)) for key in ("at", "with")]
    return Response(difference(*parts.looks.alike(paths)), media_type="image/png", headers=_KEEP)


def player(request: Request) -> Response:
    """A player as HTML: one recording, or several of the same music that run in step."""
    parts = studio(request)
    query = _query(request)
    paths = [parts.folders.recording(_decoded(value)) for key, value in query if key == b"at"]
    if not 1 <= len(paths) <= MOST_SHOTS:
        raise UsageError(f"a player has 1 to {MOST_SHOTS} recordings, not {len(paths)}")
    said = dict(parse_qsl(request.url.query))
    names = [value for key, value in parse_qsl(request.url.query) if key == "name"]
    names += [path.name for path in paths[len(names) :]]
    looks = parts.looks.alike(paths)
    levels = gains(looks)
    others = "".join(f"&with={address(path)}" for path in paths)
    shots = [
        _shot(name, path, look, level, others)
        for name, path, look, level in zip(names, paths, looks, levels, strict=False)
    ]
    beside = []
    if len(paths) == 2:
        source = f"difference?at={address(paths[0])}&with={address(paths[1])}"
        beside = [_seen("Difference", "orange is louder, blue is quieter", source, looks[1])]
    shown = Player(
        said.get("label", paths[0].name),
        shots,
        seconds=max(look.seconds for look in looks),
        beside=beside,
        matched=len(paths) > 1,
    )
    number = said.get("number", "1")
    return HTMLResponse(render("players.html", each=shown, number=number if number.isalnum() else "1"))


def _shot(name: str, path: Path, look: Look, gain: float, others: str) -> Shot:
    seconds, unit = time_ticks(look.seconds)
    return Shot(
        name,
        f"media?at={address(path)}",
        path.name,
        f"picture?at={address(path)}{others}",
        hertz_ticks(look.axes),
        seconds,
        unit,
        wave_path(look.low, look.high),
        gain,
    )


def _seen(name: str, words: str, source: str, look: Look) -> Shot:
    seconds, unit = time_ticks(look.seconds)
    return Shot(name, "", words, source, hertz_ticks(look.axes), seconds, unit)


def _path(request: Request, key: str) -> Path:
    return from_query(request.scope["query_string"], key)


def _query(request: Request) -> list[tuple[bytes, bytes]]:
    pairs = (part.partition(b"=") for part in request.scope["query_string"].split(b"&"))
    return [(key, value) for key, _, value in pairs]


def _decoded(value: bytes) -> Path:
    return from_query(b"at=" + value, "at")


ROUTES = [
    Route("/media", media),
    Route("/download", download),
    Route("/picture", show_picture),
    Route("/difference", show_difference),
    Route("/api/player", player),
]
