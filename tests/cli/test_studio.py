"""``styleshift studio``: what it says before it serves."""

from __future__ import annotations

import importlib.util
import json
import webbrowser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from styleshift.cli.app import app
from styleshift.errors import UsageError

pytest.importorskip("starlette", reason="the extra `studio` is not installed")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How it would have been served; the address is told as if it were."""
    calls: list[dict[str, Any]] = []

    def serve(place: object, *, ready: Any, **options: Any) -> None:
        calls.append(options)
        ready("http://127.0.0.1:1/?token=secret")

    monkeypatch.setattr("styleshift.studio.serve.serve_studio", serve)
    return calls


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def test_it_opens_the_address_with_the_token(served: list[dict[str, Any]], opened: list[str]) -> None:
    done = CliRunner().invoke(app, ["studio", "music", "more", "--json"])
    assert json.loads(done.stdout)["address"] == opened[0] == "http://127.0.0.1:1/?token=secret"
    assert served == [{"host": "127.0.0.1", "port": 8765, "named": [Path("music"), Path("more")]}]
    assert "warning" not in done.stderr


def test_without_a_browser_it_prints_it(served: list[dict[str, Any]], opened: list[str]) -> None:
    done = CliRunner().invoke(app, ["studio", "--no-browser", "--port", "0"])
    assert done.stdout.strip() == "http://127.0.0.1:1/?token=secret"
    assert opened == []
    assert served[0]["port"] == 0


def test_a_host_that_others_reach_is_warned_of(served: list[dict[str, Any]], opened: list[str]) -> None:
    done = CliRunner().invoke(app, ["studio", "--host", "0.0.0.0", "--no-browser"])
    assert "other machines can reach the studio" in done.stderr
    assert "not encrypted" in done.stderr


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "uvicorn" else real(name, *rest)
    )
    done = CliRunner().invoke(app, ["studio"])
    assert isinstance(done.exception, UsageError)
    assert "uvicorn" in done.exception.message
    assert "styleshift[studio]" in done.exception.hint
