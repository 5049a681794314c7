"""A domain's name as part of a file's name. A model may come from a stranger, and so may the name in it."""

from __future__ import annotations

import re

# What some system does not take in a name, or what would let a name look like another: control characters,
# line and paragraph separators, marks that turn the direction of writing, halves of surrogate pairs.
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff<>:"/\\|?*]')
# File systems take 255 bytes; the other domain, a song's name and an extension need their share.
_MOST_BYTES = 80


def file_name(domain: str) -> str:
    """A domain's name as part of a file's name, on any system; at most 80 bytes of UTF-8."""
    fit = _UNFIT.sub("_", domain).encode()[:_MOST_BYTES].decode(errors="ignore")
    return fit.strip(". ") or "_"
