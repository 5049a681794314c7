"""A studio as it is started: its address opens it, its end is quiet, and the next one is the same to the
page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installed import styleshift

from styleshift.errors import NothingToDoError
from styleshift.studio.serve import make_studio
from styleshift.workspace import Workspace

Start = Callable[..., tuple["subprocess.Popen[bytes]", str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(port)`` starts a studio and gives its process and its address."""
    servers = []

    def begin(port: int = 0) -> tuple[subprocess.Popen[bytes], str]:
        words = ["studio", "--port", str(port), "--no-browser", "--json", "--workspace", str(tmp_path / "ws")]
        server = subprocess.Popen(
            [sys.executable, "-m", "styleshift", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        servers.append(server)
        assert server.stdout is not None
        return server, json.loads(server.stdout.readline())["address"]

    yield begin
    for server in servers:
        server.kill()
        server.wait()


def ask(address: str, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a page gets that was let in."""
    base, _, token = address.partition("/?token=")
    cookie = f"styleshift-studio-{base.rpartition(':')[2]}={token}"
    headers = {"Cookie": cookie, "Origin": base, "Content-Type": "application/json"}
    data = None if values is None else json.dumps(values).encode()
    with urllib.request.urlopen(urllib.request.Request(base + path, data, headers), timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_a_job_outlives_its_server_and_the_next_one_finds_it(start: Start) -> None:
    server, address = start()
    name = ask(address, "/api/jobs/verify", {"model": "violin-to-piano"})["id"]
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0
    assert server.stderr is not None
    assert b"Traceback" not in server.stderr.read()
    again, same = start(int(address.partition("/?")[0].rpartition(":")[2]))
    assert same == address, "a page that is open stays let in"
    for _ in range(600):
        job = ask(address, f"/api/jobs/{name}")
        if job["status"] != "running":
            break
        time.sleep(0.1)
    assert (job["status"], job["rows"]["verified"][0]["name"]) == ("done", "violin-to-piano")
    again.terminate()
    assert again.wait(20) == 0


def test_a_port_that_is_taken_is_told_in_words(start: Start, tmp_path: Path) -> None:
    _, address = start()
    port = address.partition("/?")[0].rpartition(":")[2]
    words = ["studio", "--port", port, "--no-browser", "--workspace", str(tmp_path / "other")]
    done = styleshift(*words)
    assert done.returncode == 2
    assert f"cannot listen at 127.0.0.1, port {port}" in done.stderr
    assert "use another --port" in done.stderr


def test_a_folder_that_is_not_there_cannot_be_named(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="there is no folder"):
        make_studio(Workspace(tmp_path / "ws"), [tmp_path / "none"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_workspace_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Exception, match="cannot write"):
        make_studio(Workspace(tmp_path / "ws"))
