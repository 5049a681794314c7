"""What takes long before a first file, begun before anything else is known."""

from __future__ import annotations

from contextlib import suppress

from styleshift.system.server import server_context


def begin_workers() -> None:
    """Begin the process that workers will be forked from; to be called as soon as there will be some.

    It imports what they need while this one looks through the library.
    """
    with suppress(OSError, EOFError):  # it will be tried again, and said, where it is needed
        server_context(
            "styleshift.engines.worker",
            "styleshift.conversion.library.worker",
            "styleshift.conversion.track.convert",
            "styleshift.conversion.track.load",
            "styleshift.vocoders.plugin",
        )
