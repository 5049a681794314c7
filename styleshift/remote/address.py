"""Which words are addresses, and what of them nobody else may read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from styleshift.errors import UsageError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_USER = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"(?<=\w)\?[^\s'\"]+=[^\s'\"]+")
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL")
_SHORTEST_SECRET = 6


def is_remote(place: str | Path | None) -> bool:
    """Whether a source or an output is an address such as ``s3://bucket/audio``, and not a path."""
    return isinstance(place, str) and _ADDRESS.match(place) is not None


def checked_address(address: str) -> str:
    """The address, without a slash at its end.

    Raises:
        UsageError: it holds a password, or the signature of a web address, which would find its way into
            reports.
    """
    parts = urlsplit(address)
    web = parts.scheme in ("http", "https")  # elsewhere a name may hold a question mark
    if parts.password is not None or (web and parts.username is not None):
        wrong = "holds a password"
    elif web and parts.query:
        wrong = "holds more than a name, which may be a signature"
        address = address.partition("?")[0]
    elif "::" in address:
        wrong = "is of more than one store"
    else:
        return address.rstrip("/")
    raise UsageError(
        f"the address {without_secrets(address)} {wrong}",
        "credentials come from the environment or from the usual files, such as ~/.aws/credentials",
    )


def without_secrets(text: str) -> str:
    """A text without users in addresses, signed queries, and what the environment keeps as secrets."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name.upper()):
            text = text.replace(value, "***")
    return _QUERY.sub("?***", _USER.sub("***@", text))
