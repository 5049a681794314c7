"""Words of options that several commands share."""

from __future__ import annotations

import pytest

from styleshift.cli.options import named_values
from styleshift.errors import UsageError


def test_options_of_what_is_named_are_a_table_each() -> None:
    words = ["midi.gain=0.5", "a.b.c=d=e", "midi.font=x"]
    assert named_values(words, "--x") == {"midi": {"gain": "0.5", "font": "x"}, "a.b": {"c": "d=e"}}
    assert named_values(None, "--x") == {}


@pytest.mark.parametrize("word", ["gain=1", ".gain=1", "midi.=1", "midi.gain"])
def test_a_word_of_another_form_is_told_with_its_flag(word: str) -> None:
    with pytest.raises(UsageError, match=f"--x is '{word}'; it must be NAME.KEY=VALUE"):
        named_values([word], "--x")
