"""The web application: the routes, the page's own files, and the guard before them."""

from __future__ import annotations

from importlib import resources

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from styleshift.errors import StyleshiftError
from styleshift.studio import following, listen, rooms
from styleshift.studio.guard import Guard, is_loopback, own_names
from styleshift.studio.web import Studio, gone, refuse

_KINDS = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml"}
# What the page takes from the pages in files: one style, one player.
_SHARED = ("page.css", "player.js")


def make_app(studio: Studio, *, token: str, host: str, port: int) -> ASGIApp:
    """The application, guarded.

    Args:
        studio: what it serves.
        token: the secret that opens it.
        host: where the server listens.
        port: likewise.
    """
    app = Starlette(
        routes=[
            Route("/", page_file),
            Route("/static/{file}", page_file),
            *listen.ROUTES,
            *following.ROUTES,
            *rooms.ROUTES,
        ],
        exception_handlers={StyleshiftError: refuse, HTTPException: refuse, ClientDisconnect: gone},
    )
    app.state.studio = studio
    return Guard(app, token=token, port=port, names=own_names(host), any_address=not is_loopback(host))


def page_file(request: Request) -> Response:
    """A file of the page: those there are, and no others."""
    name = request.path_params.get("file", "index.html")
    folder = ("styleshift.pages", "templates") if name in _SHARED else ("styleshift.studio", "page")
    files = resources.files(folder[0]).joinpath(folder[1])
    kind = _KINDS.get(name.rpartition(".")[2])
    if kind is None or name not in {each.name for each in files.iterdir()}:
        raise HTTPException(404, f"there is no {name!r} here")
    return Response(files.joinpath(name).read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})
