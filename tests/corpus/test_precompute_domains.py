"""Which recordings precompute finds, and what it says where there are none.

Of styleshift.corpus.plan.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from corpora import counts, make_registry, one_domain, recording, run, stored
from reporters import Told

from styleshift.audio.read import open_audio
from styleshift.errors import ConfigError, CorpusError, NothingToDoError, PluginError
from styleshift.hooks import DomainSpec, Recording


def test_nothing_to_do_says_what_a_domain_is(tmp_path: Path, tone: Any, save: Any) -> None:
    with pytest.raises(NothingToDoError, match="does not exist") as caught:
        run(tmp_path)
    assert "sub-folder" in caught.value.hint
    save(tmp_path / "audio/loose.wav", tone(1.0, 8000), 8000)
    with pytest.raises(NothingToDoError, match=r"has recordings \(1\) but no sub-folder") as caught:
        run(tmp_path)
    assert caught.value.hint.endswith(f"styleshift precompute {tmp_path}")
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    with pytest.raises(NothingToDoError, match=r"'violin'.*piano") as caught:
        run(tmp_path, domains=["violin"])
    assert "each style is a sub-folder" in caught.value.hint
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/audio").touch()
    with pytest.raises(NothingToDoError, match="is a file, no folder") as caught:
        run(tmp_path / "lib")
    assert f" {tmp_path}/lib/country " in caught.value.hint
    with pytest.raises(NothingToDoError, match="'pinao'") as caught:
        run(tmp_path, domains=["pinao"])
    assert caught.value.hint == "did you mean `domains=piano`?"
    assert not (tmp_path / "ws").exists()


def test_a_corpus_that_is_not_there_names_those_that_are(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    save(tmp_path / "audio/hiss/silent.wav", tone(1.0, 8000, peak=0), 8000)
    run(tmp_path)
    with pytest.raises(CorpusError, match=r"'violin'.*hiss, piano"):
        stored(tmp_path, "violin")
    with pytest.raises(CorpusError, match="could be used"):
        stored(tmp_path, "hiss")


def test_a_stored_domain_without_recordings_is_named(tmp_path: Path, tone: Any, save: Any) -> None:
    for domain in ("piano", "violin"):
        save(tmp_path / f"audio/{domain}/a.wav", tone(1.0, 8000), 8000)
    heard = Told()
    run(tmp_path, reporter=heard)
    assert heard.warnings == []
    (tmp_path / "audio/violin/a.wav").unlink()
    run(tmp_path, reporter=heard)
    (warning,) = heard.warnings
    assert warning.startswith("violin: has spectrograms, but no recordings")
    assert stored(tmp_path, "violin").tracks


def test_a_recording_that_cannot_be_pickled_is_done_all_the_same(
    tmp_path: Path, tone: Any, save: Any
) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    spec = one_domain(recording(path, "closure", lambda: open_audio(path)))
    assert counts(run(tmp_path, registry=make_registry(spec))) == (1, 0, 0, 0)


def test_a_recordings_version_is_part_of_its_content(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    for version, expected in (("a", (1, 0, 0, 0)), ("a", (0, 1, 0, 0)), ("b", (1, 0, 1, 0))):
        spec = one_domain(recording(path, "x", version=version))
        assert counts(run(tmp_path, registry=make_registry(spec))) == expected


def test_a_domain_source_gets_its_options(tmp_path: Path, tone: Any, save: Any) -> None:
    @dataclass(frozen=True)
    class Options:
        domain: str = "piano"
        loud: bool = False

    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    seen = []

    def find(options: Options, root: Path) -> dict[str, list[Recording]]:
        seen.append(options)
        return {options.domain: [recording(path, "x")]}

    registry = make_registry(DomainSpec("test", "for tests", find, Options))
    chosen = {"test": {"domain": "horn", "loud": "yes"}}
    with pytest.raises(ConfigError, match="domain source test: loud is 'yes'; it must be true or false"):
        run(tmp_path, registry=registry, source_options=chosen)
    chosen["test"]["loud"] = "true"
    assert [one.name for one in run(tmp_path, registry=registry, source_options=chosen).domains] == ["horn"]
    assert seen == [Options("horn", True)]
    with pytest.raises(PluginError, match="no domain source 'tests'"):
        run(tmp_path, registry=registry, source_options={"tests": {}})


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden"])
def test_a_domain_must_be_a_folders_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "audio").mkdir()
    spec = DomainSpec("test", "for tests", lambda options, root: {name: []})
    with pytest.raises(PluginError, match="cannot be a folder name"):
        run(tmp_path, registry=make_registry(spec))


def test_two_recordings_of_one_name_are_an_error(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    with pytest.raises(PluginError, match="recording 'x'"):
        run(tmp_path, registry=make_registry(one_domain(recording(path, "x"), recording(path, "x"))))


def test_a_folder_that_cannot_be_listed_is_a_failure(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds, name in enumerate(("piano/a.wav", "piano/shut/b.wav", "violin/a.wav"), 1):
        save(tmp_path / "audio" / name, tone(seconds, 8000), 8000)
    run(tmp_path)
    real, shut = os.scandir, {"shut"}

    def refuse(folder: Any) -> Any:
        if Path(folder).name in shut:
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    result = run(tmp_path)
    assert (result.unlisted, result.failed) == (("piano/shut",), True)
    assert not run(tmp_path, domains=["violin"]).failed
    # What is stored of it stays until somebody can tell that its recordings are gone.
    assert [(domain.kept, domain.removed) for domain in result.domains] == [(2, 0), (1, 0)]
    shut.add("piano")
    heard = Told()
    run(tmp_path, reporter=heard)
    assert not any("any more" in warning for warning in heard.warnings)
    monkeypatch.undo()
    assert counts(run(tmp_path, domains=["piano"])) == (0, 2, 0, 0)
    shutil.rmtree(tmp_path / "audio/piano/shut")
    assert counts(run(tmp_path, domains=["piano"])) == (0, 1, 1, 0)
