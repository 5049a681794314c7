"""What a page asks for becomes a job that does just that, or an error in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from styleshift.corpus.manifest import Manifest
from styleshift.recipes import load_recipe
from styleshift.studio.folders import address
from styleshift.studio.jobs import Jobs
from styleshift.studio.tasks import TASKS
from styleshift.studio.web import Studio

MODEL = "violin-to-piano"


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The jobs that would have been started."""
    jobs: list[tuple[str, str, Mapping[str, Any]]] = []

    def start(self: Jobs, kind: str, title: str, arguments: Mapping[str, Any]) -> str:
        assert kind in TASKS
        jobs.append((kind, title, arguments))
        return "name"

    monkeypatch.setattr(Jobs, "start", start)
    return jobs


def test_a_library_goes_beside_itself_and_is_heard_there(
    client: TestClient, studio: Studio, music: Path, begun: list[Any]
) -> None:
    values = {"source": address(music), "model": MODEL, "strength": 0.5}
    assert client.post("/api/jobs/convert", json=values).status_code == 201
    ((kind, title, given),) = begun
    assert (kind, title) == ("convert", f"Convert music with {MODEL}")
    output = music.with_name("music-piano")
    assert given["settings"] == {"output": str(output), "strength": 0.5, "salvage": False}
    assert studio.folders.holds(output)


def test_a_song_goes_into_the_workspace_by_all_that_makes_it(
    client: TestClient, studio: Studio, music: Path, begun: list[Any]
) -> None:
    for strength in (0.5, 0.5, 1.0):
        values = {"source": address(music / "one.wav"), "model": MODEL, "strength": strength}
        assert client.post("/api/jobs/song", json=values).status_code == 201
    outputs = [Path(given["settings"]["output"]) for _, _, given in begun]
    assert outputs[0] == outputs[1] != outputs[2]
    assert all(studio.place.root in output.parents for output in outputs)
    assert outputs[0].name == "one-piano-0.5.flac"


def test_a_model_is_evaluated_on_what_it_converts(client: TestClient, music: Path, begun: list[Any]) -> None:
    values = {"model": MODEL, "source": address(music), "target": address(music / "more")}
    assert client.post("/api/jobs/evaluate", json=values).status_code == 201
    ((_, title, given),) = begun
    assert title == f"Evaluate {MODEL}"
    assert given["model"].endswith(f"{MODEL}.onnx")
    assert "evaluations" in given["converted"]


def test_a_training_is_told_all_that_was_chosen(client: TestClient, begun: list[Any]) -> None:
    values = {"styles": ["a", "b"], "recipe": "small", "minutes": 2.5, "changes": ["data.crop_frames=96"]}
    assert client.post("/api/jobs/train", json=values).status_code == 201
    ((_, _, given),) = begun
    assert (given["minutes"], given["steps"], given["changes"]) == (2.5, None, ["data.crop_frames=96"])


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("nothing", {}, "there is no job"),
        ("prepare", {"styles": []}, "no style is named"),
        ("prepare", {"styles": ["../x"]}, "cannot be the name"),
        ("train", {"styles": ["a", "b"], "changes": ["data.crop=9"]}, "crop"),
        ("train", {"styles": ["a"]}, "two styles"),
        ("train", {"styles": ["a", "a"]}, "two styles"),
        ("train", {"styles": ["a", "b"], "recipe": "/etc/passwd"}, "no recipe"),
        ("train", {"styles": ["a", "b"], "minutes": "long"}, "must be a number"),
        ("train", {"styles": ["a", "b"], "minutes": True}, "must be a number"),
        ("train", {"styles": "ab"}, "list of texts"),
        ("resume", {"run": "none"}, "there is no run"),
        ("export", {"run": "../x"}, "there is no run"),
        ("convert", {"source": "%2Fetc", "model": MODEL}, "no folder that was named"),
        ("convert", {"source": "etc", "model": MODEL}, "no whole path"),
        ("convert", {"model": MODEL}, "must be text"),
        ("song", {"source": "%2Fetc%2Fpasswd", "model": MODEL}, "no folder that was named"),
        ("verify", {"model": "none"}, "no model is called"),
        ("evaluate", {"model": MODEL}, "no folder of the target style"),
    ],
)
def test_what_makes_no_sense_is_told_in_words(
    client: TestClient, begun: list[Any], kind: str, values: dict[str, Any], words: str
) -> None:
    answer = client.post(f"/api/jobs/{kind}", json=values)
    assert answer.status_code in (400, 403, 404)
    assert words in answer.json()["error"]["message"]
    assert begun == []


@pytest.mark.parametrize("strength", [-0.1, 1.6, "1", None])
def test_strength_has_its_range(client: TestClient, music: Path, begun: list[Any], strength: Any) -> None:
    values = {"source": address(music), "model": MODEL, "strength": strength}
    assert client.post("/api/jobs/convert", json=values).status_code == (201 if strength is None else 400)


@pytest.mark.parametrize(
    ("kind", "values", "hint"),
    [
        ("nothing", {}, "reload the page"),
        ("prepare", {}, "choose one or more"),
        ("train", {"styles": ["a", "b"], "recipe": "smal"}, "did you mean small?"),
        ("train", {"styles": ["a", "a"]}, "choose two that differ"),
        ("convert", {"source": "etc", "model": MODEL}, "it begins with /"),
        ("evaluate", {"model": MODEL}, "choose one with recordings of it"),
    ],
)
def test_it_is_told_what_to_try(client: TestClient, kind: str, values: dict[str, Any], hint: str) -> None:
    assert client.post(f"/api/jobs/{kind}", json=values).json()["error"]["hint"] == hint


def test_an_output_that_is_no_whole_path_is_refused(
    client: TestClient, music: Path, begun: list[Any]
) -> None:
    values = {"source": address(music), "model": MODEL, "output": "here"}
    assert "begins with /" in client.post("/api/jobs/convert", json=values).json()["error"]["hint"]


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"a": ', b"\xff"])
def test_what_is_no_json_object_is_refused(client: TestClient, data: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/jobs/train", content=data, headers=headers).status_code == 400
    assert (
        client.post("/api/jobs/train", content=b"{}", headers={"Content-Type": "text/plain"}).status_code
        == 400
    )


def test_a_request_is_not_longer_than_it_needs_to_be(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/jobs/train", content=b" " * (5 << 20), headers=headers).status_code == 413


def test_a_training_waits_until_its_styles_are_read_for_its_recipe(
    client: TestClient, studio: Studio, begun: list[Any]
) -> None:
    config = load_recipe("small").spectrogram
    for style, gain in (("fits", config.gain), ("other", 1.0)):
        folder = studio.place.spectrograms / style
        folder.mkdir(parents=True)
        Manifest(style, replace(config, gain=gain)).write(folder)
    values = {"styles": ["fits", "other"], "recipe": "small"}
    misfits = [{"style": "other", "differs": "gain is 1.0, not 1000.0"}]
    assert client.post("/api/fit", json=values).json() == {"misfits": misfits}
    answer = client.post("/api/jobs/train", json=values)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "other must be read anew for recipe small"
    changed = {**values, "styles": ["other"], "changes": ["spectrogram.gain=1.0"]}
    assert client.post("/api/fit", json=changed).json() == {"misfits": []}
    assert begun == []


@pytest.mark.parametrize("kind", ["plan", "convert"])
@pytest.mark.parametrize(
    ("name", "words", "kinds"),
    [
        ("{here}/a.file", "a.file is a file; the source is a folder", ("plan", "convert")),
        ("{here}/" + "n" * 300, "cannot write to", ("plan", "convert")),
        ("{here}/a.file/below", "cannot write to", ("convert",)),
        ("/proc/x", "cannot write to /proc/x", ("convert",)),
        ("{here}/a\0b", "not the whole path", ("plan", "convert")),
        ("~nobody-is-called-so/x", "not the whole path", ("plan", "convert")),
    ],
)
def test_an_output_that_cannot_be_made_is_told_in_words(
    client: TestClient,
    tmp_path: Path,
    music: Path,
    begun: list[Any],
    kind: str,
    name: str,
    words: str,
    kinds: tuple[str, ...],
) -> None:
    (tmp_path / "a.file").write_bytes(b"x")
    values = {"source": address(music), "model": MODEL, "output": name.format(here=tmp_path)}
    answer = client.post(f"/api/jobs/{kind}", json=values)
    if kind in kinds:
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"]
        assert answer.json()["error"]["hint"]
        assert begun == []
    else:
        assert answer.status_code == 201


def test_a_plan_makes_no_folder(
    client: TestClient, studio: Studio, tmp_path: Path, music: Path, begun: list[Any]
) -> None:
    output = tmp_path / "far" / "away"
    for values in ({}, {"output": str(output)}):
        told = {"source": address(music), "model": MODEL, **values}
        assert client.post("/api/jobs/plan", json=told).status_code == 201
    assert not output.parent.exists()
    assert not music.with_name("music-piano").exists()
    output.mkdir(parents=True)  # converted before: what is there is heard
    assert client.post("/api/jobs/plan", json=told).status_code == 201
    assert studio.folders.holds(output)


def test_where_a_page_may_name_no_folder_it_makes_none(
    tmp_path: Path,
    client: TestClient,
    studio: Studio,
    music: Path,
    begun: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studio.folders, "_open", False)
    values = {"source": address(music), "model": MODEL, "output": str(tmp_path / "far")}
    assert client.post("/api/jobs/convert", json=values).status_code == 403
    assert not (tmp_path / "far").exists()
