"""The command line: each command parses, calls one function, shows the result."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``styleshift`` script."""
    from styleshift.cli.app import run

    run()
