from __future__ import annotations

import re
from pathlib import Path

import pytest

from styleshift.audio.encoding import writable_rate
from styleshift.audio.formats import (
    AUDIO_EXTENSIONS,
    FORMATS,
    TABLE,
    format_of,
    media_type,
    output_format,
    plays_in_browsers,
    recognised,
    same_extension,
)
from styleshift.errors import UsageError


def test_no_extension_is_in_two_rows_and_every_word_is_known() -> None:
    assert len(AUDIO_EXTENSIONS) == sum(len(row.extensions) for row in TABLE)
    assert len({row.name for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert row.output is None or row.output.extension in row.extensions
        assert not row.becomes or row.becomes in FORMATS


def test_only_the_table_names_extensions(repository: Path) -> None:
    """A new format is a new row: no other file of the package may know its extension."""
    quoted = re.compile("|".join(re.escape(f'"{end}"') for end in AUDIO_EXTENSIONS))
    for path in (repository / "styleshift").rglob("*.py"):
        if path.name != "formats.py" and "demo" not in path.parts:
            assert not quoted.search(path.read_text()), path


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.MP3", ".MP3"),
        ("a.m4b", ".m4b"),
        ("a.ape", ".flac"),
        ("a.dsf", ".flac"),
        ("a.mpc", ".m4a"),
        ("a.dts", ".m4a"),
        ("a.au", ".au"),
    ],
)
def test_what_cannot_be_written_has_a_successor(name: str, written: str) -> None:
    assert same_extension(name) == written


@pytest.mark.parametrize(
    ("word", "name"), [("aif", "aiff"), (".OGA", "ogg"), ("m4b", "m4a"), ("wave", "wav")]
)
def test_a_format_may_be_named_by_any_of_its_extensions(word: str, name: str) -> None:
    assert output_format(word).name == name


def test_a_format_that_is_only_read_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="it may be wav, flac"):
        output_format("ape")


def test_first_bytes_tell_the_format() -> None:
    found = recognised(b"\x1a\x45\xdf\xa3" + bytes(12))
    assert found is format_of("x.webm")
    assert recognised(b"plain text, no sound") is None


@pytest.mark.parametrize(
    ("name", "rate", "written"),
    [
        ("flac", 705_600, 352_800),
        ("opus", 44_100, 48_000),
        ("m4a", 192_000, 96_000),
        ("wav", 705_600, 705_600),
    ],
)
def test_a_rate_that_fits(name: str, rate: int, written: int) -> None:
    assert writable_rate(FORMATS[name], rate) == written


@pytest.mark.parametrize(
    ("container", "subtype", "played"),
    [
        ("WAV", "PCM_U8", True),
        ("WAVEX", "PCM_24", True),
        ("WAV", "GSM610", False),
        ("RF64", "PCM_16", False),
        ("AIFF", "PCM_16", False),
        ("MP3", "MPEG_LAYER_II", False),
        ("OGG", "OPUS", True),
        ("MOV", "aac", True),
        ("MOV", "alac", False),
        ("nothing", "PCM_16", False),
    ],
)
def test_what_browsers_play_goes_by_container_and_encoding(
    container: str, subtype: str, played: bool
) -> None:
    """That they do is heard in tests/studio/browser/test_report.py."""
    assert plays_in_browsers(container, subtype) == played


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ("WAVEX", "audio/wav"),  # RFC 2361 has another name, which browsers do not know
        ("FLAC", "audio/flac"),  # RFC 9639
        ("MP3", "audio/mpeg"),  # RFC 3003
        ("OGG", "audio/ogg"),  # RFC 5334
        ("MOV", "audio/mp4"),  # RFC 4337
        ("AAC", "audio/aac"),
        ("AIFF", ""),
        ("nothing", ""),
    ],
)
def test_browsers_are_told_what_a_container_is(container: str, told: str) -> None:
    assert media_type(container) == told


def test_all_that_browsers_play_has_a_media_type_and_nothing_else() -> None:
    assert [row.name for row in TABLE if bool(row.browsers) != bool(row.media)] == []
