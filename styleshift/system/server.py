"""The process that worker processes are forked from: what they need is imported there, once."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from typing import Any

from styleshift.system.interrupt import no_interrupts


def server_context(*modules: str) -> Any:
    """Begin it, if it has not begun, and do not wait for it.

    Args:
        modules: that it imports as it begins, while this process goes on.

    Returns:
        A context of :mod:`multiprocessing` whose processes are forked from it. Not from this process, where
        threads of ours or of libraries may hold locks at that moment.

    Raises:
        OSError, EOFError: the system lets no process start.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    # It must have no threads when it forks, so BLAS may make none; and Ctrl-C is none of its business.
    context.set_forkserver_preload(list(modules))
    with _one_thread(), no_interrupts():
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ[name] for name in names if name in os.environ}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)  # another thread may have begun it, too, and be done
        os.environ.update(before)
