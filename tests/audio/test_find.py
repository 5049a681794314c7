from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.find import find_audio, list_audio, names_of_audio


def _touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_finds_by_extension_in_any_case_and_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2.WAV", "b/1.flac", "a/z.Mp3", "a/deep/er/x.opus", "c.aiff", "a/cover.jpg", "a/list.m3u"):
        _touch(tmp_path / name)
    found = find_audio(tmp_path)
    assert found.names() == ["c.aiff", "a/z.Mp3", "a/deep/er/x.opus", "b/1.flac", "b/2.WAV"]
    assert {(item.name, item.kind, item.notable) for item in found.skipped} == {
        ("a/cover.jpg", "not audio", False),
        ("a/list.m3u", "not audio", False),
    }


def test_hidden_files_and_resource_forks_are_skipped_and_named(tmp_path: Path) -> None:
    _touch(tmp_path / ".hidden.wav")
    _touch(tmp_path / "._song.wav", b"\x00\x05\x16\x07rest")
    _touch(tmp_path / ".cache/song.wav")
    _touch(tmp_path / "song.wav")
    found = find_audio(tmp_path)
    assert found.names() == ["song.wav"]
    assert [(item.name, item.kind) for item in found.skipped] == [
        ("._song.wav", "resource fork"),
        (".cache", "hidden"),
        (".hidden.wav", "hidden"),
    ]


def test_a_folder_with_two_dots_is_named(tmp_path: Path) -> None:
    _touch(tmp_path / "..b/song.wav")
    _touch(tmp_path / ".cache/song.wav")
    assert {item.name: item.notable for item in find_audio(tmp_path).skipped} == {
        "..b": True,
        ".cache": False,
    }


def test_a_folder_with_a_recordings_name_is_no_recording(tmp_path: Path) -> None:
    _touch(tmp_path / "album.wav" / "song.wav")
    found = find_audio(tmp_path)
    assert found.names() == ["album.wav/song.wav"]
    assert [item.kind for item in found.skipped] == ["folder"]


def test_symlink_loops_end(tmp_path: Path) -> None:
    _touch(tmp_path / "a/song.wav")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    (tmp_path / "link.wav").symlink_to(tmp_path / "a/song.wav")
    found = find_audio(tmp_path)
    assert found.names() == ["link.wav", "a/song.wav"]
    assert sorted((item.name, item.kind) for item in found.skipped) == [
        ("a/up", "loop"),
        ("b", "loop"),
        ("gone.wav", "dead link"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_are_found_and_can_be_opened(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))).write_bytes(b"sound")
    _touch(tmp_path / "[red]\nnew line.wav")
    files = find_audio(tmp_path).files
    assert [os.fsencode(file.name) for file in files] == [b"[red]\nnew line.wav", b"caf\xe9.wav"]
    assert files[1].read_bytes() == b"sound"


def test_a_pipe_is_no_recording(tmp_path: Path) -> None:
    """Nor is it opened to see whether it is a resource fork, which would wait for ever."""
    os.mkfifo(tmp_path / "endless.wav")
    os.mkfifo(tmp_path / "._endless.wav")
    found = find_audio(tmp_path)
    assert found.files == ()
    assert [item.kind for item in found.skipped] == ["hidden", "special"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_cannot_be_listed_is_told_of(tmp_path: Path) -> None:
    _touch(tmp_path / "shut/song.wav")
    _touch(tmp_path / "open/song.wav")
    (tmp_path / "shut").chmod(0)
    try:
        found = find_audio(tmp_path)
    finally:
        (tmp_path / "shut").chmod(0o755)
    assert found.names() == ["open/song.wav"]
    assert [(item.name, item.kind, item.notable) for item in found.skipped] == [("shut", "unreadable", True)]


def test_a_recording_that_nothing_can_read_is_told_of(tmp_path: Path) -> None:
    for name in ("a.wav", "b.ofr", "c.aax", "d.txt"):
        _touch(tmp_path / name)
    found = find_audio(tmp_path)
    assert found.names() == ["a.wav"]
    told = {item.name: (item.notable, item.message) for item in found.skipped}
    assert told["b.ofr"] == (True, "OptimFROG, which only its own program decodes")
    assert told["c.aax"][0]
    assert not told["d.txt"][0]


def test_excluded_folders_are_not_walked(tmp_path: Path) -> None:
    _touch(tmp_path / "in/song.wav")
    _touch(tmp_path / "out/song.wav")
    assert list_audio(tmp_path, "", exclude=lambda folder: folder.name == "out").folders == ["in/"]


def test_what_a_store_lists_is_found_as_in_a_folder(tmp_path: Path) -> None:
    names = ["b/z/1.mp3", "b/a.flac", "c.wav", "B.ogg", "a/x.aax", "cover.jpg", ".hidden/x.wav", "b/.y.wav"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    here = find_audio(tmp_path)
    found, skipped = names_of_audio(names)
    assert found == here.names()
    assert skipped == tuple(each for each in here.skipped if each.kind != "hidden")


@pytest.mark.parametrize("name", ["/etc/x.flac", "a//x.flac", "../x.flac", "a/Best::Of/x.flac"])
def test_a_name_in_a_store_that_would_lead_elsewhere_is_passed_over_with_a_word(name: str) -> None:
    found, (skipped,) = names_of_audio([name, "a/b.flac"])
    assert found == ["a/b.flac"]
    assert (skipped.name, skipped.kind, skipped.notable) == (name, "special", True)


_SILENT = np.zeros((4000, 1), np.float32)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3", "W64", "CAF", "AU"])
def test_a_recording_without_an_extension_is_found_by_its_first_bytes(tmp_path: Path, kind: str) -> None:
    soundfile.write(tmp_path / "take 1", _SILENT, 44100, format=kind)
    found = find_audio(tmp_path)
    assert found.names() == ["take 1"]
    assert find_audio(tmp_path, extensions=frozenset({".ape"})).names() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"all rights reserved",
        b"MAC addresses of the house, one a line\n",
        b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0",
        b"RIFF\x24\0\0\0AVI LIST\x18\0\0\0",
        b"FORM\0\0\0\x24ILBMBMHD\0\0",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "\ufeffutf-16".encode("utf-16-le"),
        b"\x7fELF\2\1\1\0",
        b"\x0bw\0\0\0\0",
    ],
)
def test_anything_else_without_an_extension_is_no_recording(tmp_path: Path, content: bytes) -> None:
    _touch(tmp_path / "LICENSE", content)
    found = find_audio(tmp_path)
    assert found.names() == []
    assert [(item.name, item.kind, item.notable) for item in found.skipped] == [
        ("LICENSE", "not audio", False)
    ]


def test_what_has_an_extension_is_judged_by_that_alone(tmp_path: Path, monkeypatch: Any) -> None:
    soundfile.write(tmp_path / "a.txt", _SILENT, 44100, format="WAV")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("styleshift.audio.find._head", lambda *_: pytest.fail("a file was opened"))
    assert find_audio(tmp_path).names() == []


def test_of_a_store_names_alone_are_looked_at() -> None:
    names, skipped = names_of_audio(["b/README", "b/x.wav"])
    assert names == ["b/x.wav"]
    assert "only names" in skipped[0].message
