"""Starts the studio's server."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from styleshift.errors import NothingToDoError, UsageError
from styleshift.studio.app import make_app
from styleshift.studio.folders import Folders
from styleshift.studio.guard import is_loopback, token_of
from styleshift.studio.jobs import Jobs
from styleshift.studio.looks import Looks
from styleshift.studio.styles import Styles
from styleshift.studio.web import Studio
from styleshift.workspace import Workspace


def make_studio(place: Workspace, named: Sequence[Path] = (), *, open: bool = True) -> Studio:
    """The studio of a workspace, which is made where it is not there.

    Args:
        place: the workspace.
        named: folders that it may look into besides.
        open: the page may name more.

    Raises:
        UsageError: the workspace cannot be written to.
        NothingToDoError: a folder is not there.
    """
    place = Workspace(place.root.expanduser().resolve())
    for folder in named:
        if not folder.is_dir():
            raise NothingToDoError(f"there is no folder {folder}", "check the path")
    home = place.root / "studio"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write to {place.root}: {error.strerror or error}", "use another `workspace`"
        ) from error
    folders = Folders(home / "folders.json", [place.root, *named], open=open)
    jobs, looks = Jobs(home / "jobs"), Looks(home / "looks")
    return Studio(place, folders, jobs, looks, Styles(place, folders), threading.Event())


def serve_studio(
    place: Workspace,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    named: Sequence[Path] = (),
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until a signal comes; jobs go on.

    Args:
        place: the workspace.
        host: where to listen; a page of a studio that other machines can reach names no folders.
        port: likewise; 0 takes a free one.
        named: folders that it may look into, besides the workspace.
        ready: told of the address that opens it, once it is open.

    Raises:
        UsageError: the port is taken, or the workspace cannot be written to.
    """
    studio = make_studio(place, named, open=is_loopback(host))
    listening = _listen(host, port)
    port = int(listening.getsockname()[1])
    token = token_of(studio.place.root / "studio")
    app = make_app(studio, token=token, host=host, port=port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    if ready is not None:
        ready(f"http://{shown}:{port}/?token={token}")
    try:
        _Server(config, studio).run(sockets=[listening])
    finally:
        listening.close()
        studio.looks.close()


class _Server(uvicorn.Server):
    """Ends in good order at SIGINT and SIGTERM, which is how a person ends it."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but a signal that was heeded is not raised once more."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let pages that follow go, too."""
        self._studio.closing.set()
        super().handle_exit(sig, frame)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
        return listening
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host}, port {port}: {error.strerror or error}",
            "use another `port`; 0 takes one that is free",
        ) from error
