"""An S3 server over HTTP on this machine, which can answer with errors, late, or with half of the bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import pytest

BUCKET = "bucket"
SECRET = "kept-from-everybody"


class Server:
    """Moto's server behind faults; ``faulty`` turns them on."""

    def __init__(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.faulty = False
        self.requests = 0
        self.faults = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.requests += 1
        kind = self.requests % 13 if self.faulty else 0
        if kind == 3:
            self.faults += 1
            start_response("503 Slow Down", [("Content-Length", "0")])
            return []
        if kind == 6:
            self.faults += 1
            time.sleep(0.2)
        body = self._moto(environ, start_response)
        if kind in (9, 11) and environ["REQUEST_METHOD"] == "GET":
            self.faults += 1
            whole = b"".join(body)
            return [whole[: len(whole) // 2]]  # of all the bytes that the header promises
        return body

    def close(self) -> None:
        self._server.shutdown()


@contextmanager
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with an empty bucket, where s3fs looks for it."""
    import s3fs

    server = Server()
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",  # s3fs and we try again
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    # What an earlier server in this process held is still there.
    urlopen(Request(f"{server.url}/moto-api/reset", method="POST")).close()
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir(BUCKET)
    try:
        yield server
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.close()
