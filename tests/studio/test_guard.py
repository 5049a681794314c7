"""Who may speak to the studio, and who may not."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from styleshift.studio.guard import is_loopback, token_of

TOKEN = "t" * 43
Make = Callable[..., TestClient]


@pytest.mark.parametrize("path", ["/", "/api/state", "/media?at=x", "/static/main.js", "/?token=wrong"])
def test_nothing_is_shown_without_the_token(make_client: Make, path: str) -> None:
    answer = make_client().get(path)
    assert answer.status_code == 403
    assert "styleshift studio" in answer.text


def test_the_address_with_the_token_gives_a_strict_cookie(make_client: Make) -> None:
    client = make_client()
    cookie = client.get(f"/?token={TOKEN}").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert client.get("/api/state").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "192.168.0.7:8765", "[::2]"]
)
def test_another_host_is_turned_away_even_with_the_cookie(client: TestClient, host: str) -> None:
    """DNS rebinding: the other site's name leads here, and the browser believes that it is the other site."""
    assert client.get("/api/state", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1", "[::1]:8765", "LOCALHOST"])
def test_names_of_this_machine_are_ours(client: TestClient, host: str) -> None:
    assert client.get("/api/state", headers={"Host": host}).status_code == 200


def test_a_server_for_others_takes_addresses_but_no_strangers_names(make_client: Make) -> None:
    client = make_client(host="0.0.0.0")
    client.get(f"/?token={TOKEN}")
    assert client.get("/api/state", headers={"Host": "192.168.0.7:8765"}).status_code == 200
    assert client.get("/api/state", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8765"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_origin_changes_nothing(client: TestClient, method: str, origin: str) -> None:
    answer = client.request(method, "/api/folders", json={"path": "/tmp"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert client.get("/api/state").json()["folders"][1:] == []


def test_no_origin_changes_nothing_either(make_client: Make) -> None:
    client = make_client()
    client.get(f"/?token={TOKEN}")
    assert client.post("/api/folders", json={"path": "/tmp"}).status_code == 403


def test_another_page_cannot_load_what_is_heard_here(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/api/state", headers=headers).status_code == 403


def test_every_answer_forbids_scripts_that_are_not_ours(client: TestClient, make_client: Make) -> None:
    for answer in (client.get("/"), client.get("/api/state"), client.get("/nowhere"), make_client().get("/")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in client.get("/").text


def test_the_token_is_secret_long_and_stays(tmp_path: Path) -> None:
    token = token_of(tmp_path / "studio")
    assert len(token) >= 32
    assert stat.S_IMODE((tmp_path / "studio" / "token").stat().st_mode) == 0o600
    assert token_of(tmp_path / "studio") == token
    assert token_of(tmp_path / "other") != token


def test_what_is_this_machine() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.0.7", "music.local"))
