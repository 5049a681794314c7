"""How long work may stand still before it is given up; the command line shows it, too."""

from __future__ import annotations

# A recording on which nothing has moved for so long is given up. Decoding goes at hundreds of times real
# time; even a slow machine converts a few seconds of music in less than this.
STALL_SECONDS: float = 300
