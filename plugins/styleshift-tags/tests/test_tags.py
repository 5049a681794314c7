from __future__ import annotations

import shutil

import mediafile
import pytest
import soundfile
from styleshift_tags import Options, find_tagged
from styleshift_tags.values import renames, style_name, style_names

from styleshift.errors import ConfigError
from styleshift.testing import check_domain, check_plugin
from styleshift.testing.material import notes

SPEC = check_plugin("styleshift_tags").domains.get("tags")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Three artists, three formats, files with two genres, with one, with none, and one that is damaged."""
    root = tmp_path_factory.mktemp("library")
    files = {
        "Ann/One/a.flac": ("Jazz; Bebop", "Ann"),
        "Ann/One/b.mp3": ("Jazz", "Ann"),
        "Bob/c.ogg": ("Classical / Baroque", "Bob"),
        "Bob/d.flac": ("baroque", "Bob"),
        "e.wav": (None, "AC/DC"),
    }
    for number, (name, (genre, artist)) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, notes(1, 22050, 200 + 30 * number), 22050)
        tags = mediafile.MediaFile(path)
        tags.genre, tags.artist, tags.year = genre, artist, 1980
        tags.save()
    (root / "broken.mp3").write_bytes(b"no sound")
    return root


def names(root, **options):
    return {
        style: [one.name for one in found] for style, found in find_tagged(Options(**options), root).items()
    }


def test_the_contract_of_domains(library):
    assert sorted(check_domain(SPEC, library, {"by": "genre"})) == ["baroque", "jazz"]


def test_without_a_tag_it_finds_nothing(library):
    assert names(library) == {}


def test_files_are_in_the_styles_of_all_their_values(library):
    assert names(library, by="genre", least=1) == {
        "jazz": ["Ann/One/a.flac", "Ann/One/b.mp3"],
        "bebop": ["Ann/One/a.flac"],
        "classical": ["Bob/c.ogg"],
        "baroque": ["Bob/c.ogg", "Bob/d.flac"],
    }
    assert set(names(library, by="artist", least=1)) == {"ann", "bob", "ac-dc"}
    assert set(names(library, by="year")) == {"1980"}


def test_values_can_be_taken_for_another(library):
    found = names(library, by="genre", rename=("Baroque=classical", "bebop=jazz"))
    assert found == {
        "jazz": ["Ann/One/a.flac", "Ann/One/b.mp3"],
        "classical": ["Bob/c.ogg", "Bob/d.flac"],
    }
    for word in ("baroque", "=x", "a=/"):
        with pytest.raises(ConfigError, match=r"tags\.rename has"):
            renames([word])


@pytest.mark.parametrize(
    ("value", "name"),
    [("Drum & Bass", "drum-&-bass"), ("R&B/Soul", "r&b-soul"), ("  Ünïcode ", "ünïcode"), ("...", "")],
)
def test_a_value_becomes_the_name_of_a_folder(value, name):
    assert style_name(value) == name


def test_a_file_without_that_tag_or_without_sound_is_of_no_style(library):
    assert style_names(library / "e.wav", "genre", {}) == []
    assert style_names(library / "broken.mp3", "genre", {}) == []


def test_precompute_takes_the_styles_and_no_others(library, tmp_path, use_plugin, tiny_recipe):
    from styleshift.corpus import precompute
    from styleshift.workspace import Workspace

    music = tmp_path / "music"
    shutil.copytree(library, music, ignore=shutil.ignore_patterns("broken*"))
    registry = use_plugin("styleshift_tags")
    result = precompute(
        music,
        Workspace(tmp_path / "ws"),
        tiny_recipe().spectrogram,
        domains=["jazz", "classical"],
        source_options={"tags": {"by": "genre", "rename": "baroque=classical"}},
        registry=registry,
        jobs=1,
    )
    assert {domain.name: domain.tracks for domain in result.domains} == {"classical": 2, "jazz": 2}
