"""``python -m styleshift`` is the ``styleshift`` command (``torchrun -m styleshift`` needs it)."""

from styleshift.cli import main

main()
