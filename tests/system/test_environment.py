"""Switches in the environment mean the same everywhere, and processors are those that may be used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import styleshift
from styleshift.system.environment import (
    DEBUG_VARIABLE,
    debugging,
    processors,
    silent_decoders,
    switched_on,
)


@pytest.mark.parametrize("word", ["", "0", "false", "False", "no", "off", " 0 "])
def test_words_that_mean_off(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, word)
    assert not debugging()
    monkeypatch.delenv(DEBUG_VARIABLE)
    assert not debugging()


@pytest.mark.parametrize("word", ["1", "true", "yes", "on"])
def test_words_that_mean_on(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("ANY_VARIABLE", word)
    assert switched_on("ANY_VARIABLE")


def test_nobody_reads_the_debug_variable_otherwise() -> None:
    source = Path(styleshift.__file__).parent
    readers = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"environ.*STYLESHIFT_DEBUG", path.read_text("utf-8"))
    }
    assert readers == set()


def test_decoders_are_silent_where_there_is_no_stderr() -> None:
    code = (
        "import os; from styleshift.system.environment import silent_decoders\n"
        "os.close(2)\n"
        "with silent_decoders(): print(1)"
    )
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    assert (run.returncode, run.stdout) == (0, b"1\n")


def test_threads_that_silence_decoders_together_give_stderr_back(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(silent_decoders())
    second.enter_context(silent_decoders())  # as from another thread, which ends later
    os.write(2, b"a note")
    first.close()
    os.write(2, b"another")
    second.close()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity there")
def test_processors_are_those_that_this_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert processors() == len(before)
