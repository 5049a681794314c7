"""The process that workers are forked from begins with one thread."""

from __future__ import annotations

import os

import pytest

from styleshift.system.server import _one_thread


def test_two_threads_may_begin_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    one, other = _one_thread(), _one_thread()
    one.__enter__()
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    other.__enter__()
    one.__exit__(None, None, None)
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["MKL_NUM_THREADS"] == "3"
    other.__exit__(None, None, None)
