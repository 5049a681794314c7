"""``styleshift studio``: all of it in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from styleshift.cli.options import LOCAL_WORKSPACE, argument, option
from styleshift.cli.usage import whole
from styleshift.errors import UsageError

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift studio
styleshift studio ~/Music ./audio
styleshift studio --port 0 --no-browser
"""


def studio(
    reporter: TerminalReporter,
    folders: list[Path] | None = argument(
        "FOLDER", "Folders of recordings that the page may look into; it can name more.", None
    ),
    host: str = option(
        "--host ADDRESS",
        "Where to listen. Anything but this machine lets others in who know the token.",
        "127.0.0.1",
    ),
    port: int = option("--port N", "Port to listen at; 0 takes a free one.", 8765, parser=whole("--port", 0)),
    no_browser: bool = option("--no-browser", "Only print the address."),
    workspace: str | None = LOCAL_WORKSPACE,
) -> None:
    """Collect styles, train, convert and listen in the browser, on this machine.

    The page opens with a secret token in its address. Trainings and conversions go on when the page is
    closed or this command ends; the next one finds them again. End it with Ctrl-C.
    """
    import importlib.util
    import webbrowser

    from styleshift.workspace import workspace as find_workspace

    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the studio needs what is not installed: {', '.join(missing)}",
            "pip install 'styleshift[studio]'",
        )
    from styleshift.studio.guard import is_loopback
    from styleshift.studio.serve import serve_studio

    if not is_loopback(host):
        reporter.warn(
            f"at {host} other machines can reach the studio. Whoever has its address with the token can hear "
            "the recordings in the folders that are named here, train and convert. What goes over the "
            "network is not encrypted"
        )

    def ready(address: str) -> None:
        reporter.event("studio", address=address)
        reporter.result(address)
        reporter.info("end it with Ctrl-C; what is being trained or converted goes on")
        if not no_browser:
            webbrowser.open(address)

    serve_studio(find_workspace(workspace), host=host, port=port, named=folders or (), ready=ready)
