"""The command line: each command parses, calls one function, shows the result."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``styleshift`` script."""
    try:
        from styleshift.cli.app import run
    except KeyboardInterrupt:  # a moment that a person does not tell from any other
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()
