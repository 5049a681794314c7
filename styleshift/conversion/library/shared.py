"""The process that runs the model on a GPU for all workers: begun early, tried, and then worked with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from styleshift.conversion.library.processes import shares_device
from styleshift.runtimes.devices import cuda_devices

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.conversion.settings import ConvertSettings
    from styleshift.hooks import Engine
    from styleshift.hooks.records import RuntimeSession
    from styleshift.runtimes.broker_process import BrokerProcess


_TEND_SECONDS = 0.05


class SharedModel:
    """One process for a trial of the model and for its work; a context manager, which ends it.

    To begin it takes seconds, in which a library can be looked through.

    Args:
        bundle: the model.
        settings: say on which device, and in which runtime.
    """

    def __init__(self, bundle: Bundle, settings: ConvertSettings) -> None:
        self._bundle, self._settings = bundle, settings
        self._process: BrokerProcess | None = None
        self._runs = ("", "")

    def begin(self) -> None:
        """Begin it where a GPU will be asked for, with the runtime that comes first."""
        from styleshift.runtimes.plugin import runtimes_for

        wanted = self._settings.device
        if self._settings.engine != "local" or wanted in ("cpu", "mps") or not cuda_devices():
            return
        device = "cuda" if wanted == "auto" else wanted
        there = runtimes_for(self._settings.runtime, device, required=False)
        if there:
            self._begin(there[0].name, device)

    def session(self, runtime: str, device: str) -> RuntimeSession:
        """A session in that process, which is begun anew where it runs something else.

        Raises:
            BundleError: the model cannot be loaded.
        """
        from styleshift.runtimes.broker import connect

        process = self._process
        if process is None or self._runs != (runtime, device):
            process = self._begin(runtime, device)
        return connect(process.address, lambda _: None)

    def taken(self, settings: ConvertSettings, engine: Engine, jobs: int) -> BrokerProcess | None:
        """The process that runs the model for all workers, begun if there is none; None: each runs its own.

        Args:
            settings: with what was settled on.
            engine: that runs the workers.
            jobs: how many they are.
        """
        if not engine.local or self._runs != (settings.runtime, settings.device):
            self._end()
        if self._process is None and shares_device(settings, engine, jobs):
            self._begin(settings.runtime, settings.device)
        return self._process

    def _begin(self, runtime: str, device: str) -> BrokerProcess:
        from styleshift.conversion.track.load import load_session
        from styleshift.runtimes.batches import GPU_FRAMES
        from styleshift.runtimes.broker_process import BrokerProcess

        self._end()
        settings = replace(self._settings, runtime=runtime, device=device)
        build = partial(load_session, self._bundle, settings, 1)
        self._process = BrokerProcess(build, GPU_FRAMES, settings.stall_seconds).__enter__()
        self._runs = (runtime, device)
        self._ended = Event()
        self._tending = Thread(target=_tend, args=(self._process, self._ended), daemon=True)
        self._tending.start()
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._ended.set()
            self._tending.join()
            self._process.discard()
        self._process, self._runs = None, ("", "")

    def __enter__(self) -> SharedModel:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()


def _tend(process: BrokerProcess, ended: Event) -> None:
    """So that it is replaced where it hangs, whatever it is that the main thread waits for."""
    while not ended.wait(_TEND_SECONDS):
        with suppress(OSError):  # the system has no process to give now: it is tried again
            process.tend()
