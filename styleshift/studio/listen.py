"""Routes to hear and see recordings: the recordings by range, their pictures, and players for them."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from styleshift.errors import UsageError
from styleshift.pages import Player, Shot, render
from styleshift.pages.player import wave_path
from styleshift.studio.folders import address, from_query, paths_in
from styleshift.studio.looks import difference, gains, picture
from styleshift.studio.web import studio

_KEEP = {"Cache-Control": "private, max-age=3600"}
MOST_SHOTS = 4


def media(request: Request) -> Response:
    """A recording, or the part of it that a range names; only that is read."""
    path, media_type = studio(request).looks.playable(_recording(request, "at"))
    headers = {"Content-Disposition": "inline", **_KEEP}
    return FileResponse(path, headers=headers, media_type=media_type)


def download(request: Request) -> Response:
    """A recording, to keep."""
    path = _recording(request, "at")
    return FileResponse(path, filename=path.name.encode("utf-8", "replace").decode("utf-8"))


def show_picture(request: Request) -> Response:
    """The spectrogram of the recording ``at``, in colours that fit those named ``with``."""
    paths = [_recording(request, "at"), *_recordings(request, "with")]
    looks = studio(request).looks.alike(paths[:MOST_SHOTS])
    return Response(picture(looks[0], looks), media_type="image/png", headers=_KEEP)


def show_difference(request: Request) -> Response:
    """What changed from the recording ``at`` to the one ``with``."""
    looks = studio(request).looks.alike([_recording(request, "at"), _recording(request, "with")])
    return Response(difference(*looks), media_type="image/png", headers=_KEEP)


def player(request: Request) -> Response:
    """A player as HTML: one recording, or several of the same music that run in step."""
    paths = _recordings(request, "at")
    if not 1 <= len(paths) <= MOST_SHOTS:
        raise UsageError(
            f"a player has 1 to {MOST_SHOTS} recordings, not {len(paths)}",
            "choose fewer" if paths else "choose one",
        )
    said = request.query_params
    names = said.getlist("name")
    names += [path.name for path in paths[len(names) :]]
    looks = studio(request).looks.alike(paths)
    others = "".join(f"&with={address(path)}" for path in paths)
    shots = []
    for name, path, look, gain in zip(names, paths, looks, gains(looks), strict=False):
        at, wave = address(path), wave_path(look.low, look.high)
        sound, seen = f"media?at={at}", f"picture?at={at}{others}"
        shots.append(Shot(name, sound, path.name, seen, look.axes, wave, gain))
    beside = []
    if len(paths) == 2:
        source = f"difference?at={address(paths[0])}&with={address(paths[1])}"
        beside = [Shot("Difference", "", "orange is louder, blue is quieter", source, looks[1].axes)]
    shown = Player(
        said.get("label", paths[0].name),
        shots,
        seconds=max(look.seconds for look in looks),
        beside=beside,
        matched=len(paths) > 1,
    )
    number = said.get("number", "1")
    return HTMLResponse(render("players.html", each=shown, number=number if number.isalnum() else "1"))


def _recording(request: Request, key: str) -> Path:
    return studio(request).folders.recording(from_query(request.scope["query_string"], key))


def _recordings(request: Request, key: str) -> list[Path]:
    return [studio(request).folders.recording(path) for path in paths_in(request.scope["query_string"], key)]


ROUTES = [
    Route("/media", media),
    Route("/download", download),
    Route("/picture", show_picture),
    Route("/difference", show_difference),
    Route("/api/player", player),
]
