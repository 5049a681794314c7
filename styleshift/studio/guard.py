"""Who may speak to the studio: its own page, in a browser that was given the token, and nobody else.

Another site that a browser shows can send requests to this machine (CSRF), or have its own name point here
(DNS rebinding). So the name in ``Host`` must be ours, what changes anything must come from our own page
(``Origin``), and every request needs the cookie, which only the address with the token gives.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE = ("GET", "HEAD")
# No redirect: a browser that came from elsewhere would not send a strict cookie along with one. Only a script
# knows what stands behind the # of an address.
_WELCOME = (
    '<!doctype html><script src="/static/enter.js"></script>'
    '<noscript><meta http-equiv="refresh" content="0;url=/"></noscript>'
    '<link rel="icon" href="/static/icon.svg"><title>styleshift</title>'
)
_LOCKED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>styleshift studio</title>'
    "<h1>Not open here</h1><p>Open the address that <code>styleshift studio</code> printed; "
    "it ends with a token.</p></html>"
)


class Guard:
    """Stands before an application; what does not pass gets 403, or 421 for another host.

    Args:
        app: the application.
        token: the secret of the address, and of the cookie.
        port: of the server; cookies of several studios on one machine are kept apart by it.
        names: host names that are ours. Any IP address is, where ``any_address``: a name that is not ours
            cannot be one.
        any_address: the server listens to other machines.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, port: int, names: Collection[str], any_address: bool = False
    ) -> None:
        self._app = app
        self._token = token
        self._cookie = f"styleshift-studio-{port}"
        self._names = frozenset(name.lower() for name in names)
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            return  # no WebSockets; and nothing to do when the server starts or ends
        headers = Headers(scope=scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    told.setdefault(name, value)
            await send(message)

        response: ASGIApp = self._app
        host = headers.get("host", "")
        if not self._is_ours(host):
            response = PlainTextResponse("this server does not go by that name", 421)
        elif not self._same_origin(scope["method"], headers, f"{scope['scheme']}://{host}"):
            response = PlainTextResponse("this request comes from another page", 403)
        elif not self._has_cookie(headers):
            response = self._admit(scope)
        await response(scope, receive, guarded)

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition("]")[2].count(":") else host
        name = name.strip("[]").lower()
        return name in self._names or (self._any_address and _ip(name) is not None)

    @staticmethod
    def _same_origin(method: str, headers: Headers, own: str) -> bool:
        if method in _SAFE:
            # The first page may be opened from anywhere; without the strict cookie it shows nothing.
            return (
                headers.get("sec-fetch-site") != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
            )
        return headers.get("origin") == own

    def _has_cookie(self, headers: Headers) -> bool:
        given = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return _equal(given, self._token)

    def _admit(self, scope: Scope) -> ASGIApp:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and _equal(given, self._token):
            welcome = HTMLResponse(_WELCOME)
            welcome.set_cookie(self._cookie, self._token, path="/", httponly=True, samesite="strict")
            return welcome
        return HTMLResponse(_LOCKED, 403)


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def is_loopback(host: str) -> bool:
    """Only this machine can reach a server that listens at ``host``."""
    ip = _ip(host)
    return host.lower() == "localhost" if ip is None else ip.is_loopback


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    return None


def own_names(host: str) -> set[str]:
    """The names under which a browser may ask for a server that listens at ``host``."""
    own = {"localhost", "127.0.0.1", "::1", host}
    return own if is_loopback(host) else own | {socket.gethostname(), socket.getfqdn()}


def token_of(folder: Path) -> str:
    """The workspace's token: made once, so that pages stay open over a restart, and only its owner's to read.

    Raises:
        OSError: it cannot be read or written.
    """
    import os
    import secrets

    path = folder / "token"
    try:
        found = path.read_text("ascii").strip()
        if len(found) >= 32:
            path.chmod(0o600)
            return found
    except FileNotFoundError:
        pass
    folder.mkdir(parents=True, exist_ok=True)
    token = secrets.token_urlsafe(32)
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as text:
        text.write(token)
    return token
