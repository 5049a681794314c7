"""A studio in the test's own process, and requests as its page sends them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("starlette", reason="the extra `studio` is not installed")

from starlette.testclient import TestClient

from styleshift.studio.app import make_app
from styleshift.studio.serve import make_studio
from styleshift.studio.web import Studio
from styleshift.workspace import Workspace

TOKEN = "t" * 43
HOST = "127.0.0.1:8765"
ORIGIN = f"http://{HOST}"


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder that was named: two recordings, one of them below."""
    folder = tmp_path / "music"
    (folder / "more").mkdir(parents=True)
    time = np.arange(2 * 22050) / 22050
    for name, hertz in (("one.wav", 440), ("more/two.flac", 660)):
        soundfile.write(folder / name, 0.5 * np.sin(2 * np.pi * hertz * time), 22050)
    return folder


@pytest.fixture
def studio(tmp_path: Path, music: Path) -> Studio:
    return make_studio(Workspace(tmp_path / "workspace"), [music])


@pytest.fixture
def make_client(studio: Studio) -> Callable[..., TestClient]:
    """``make_client(**options)`` gives a client without the cookie; ``host`` is where the server listens."""

    def make(host: str = "127.0.0.1", **options: Any) -> TestClient:
        app = make_app(studio, token=TOKEN, host=host, port=8765)
        return TestClient(app, base_url=ORIGIN, **options)

    return make


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    """As a page has it: with the cookie, and its own origin."""
    client = make_client(headers={"Origin": ORIGIN})
    assert client.get(f"/?token={TOKEN}").status_code == 200
    return client
