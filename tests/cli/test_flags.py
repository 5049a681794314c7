"""Options of the library become flags of the command."""

from __future__ import annotations

from dataclasses import fields

from styleshift.cli.flags import _flags, in_flags
from styleshift.conversion.settings import ConvertSettings


def test_every_option_of_a_conversion_has_a_flag() -> None:
    assert {field.name for field in fields(ConvertSettings)} <= set(_flags())


def test_options_are_told_as_flags() -> None:
    assert in_flags("use another `output`") == "use another --output"
    assert in_flags("use `overwrite=always`, or wait") == "use --overwrite always, or wait"
    assert in_flags("`audio_format`, `stall_seconds`") == "--format, --give-up"
    assert in_flags("did you mean `target='two words'`?") == "did you mean --to 'two words'?"
    assert in_flags("`include_own` converts it too") == "--include-own converts it too"


def test_what_is_no_option_stays() -> None:
    for text in ("`pip install x`", "`nothing=1`", "--output", "a `b", ""):
        assert in_flags(text) == text
