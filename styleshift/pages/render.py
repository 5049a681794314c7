"""Fills a template. Whatever a name or a message holds comes out as text: jinja2 escapes every value."""

from __future__ import annotations

import base64
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from styleshift.words import printable


def render(template: str, **values: Any) -> str:
    """A page as one HTML text that can be encoded as UTF-8.

    Args:
        template: a file of ``styleshift/pages/templates``.
        values: what it shows; control characters and lone surrogates are written out.
    """
    return _environment().get_template(template).render(**values)


def data_uri(data: bytes, kind: str) -> str:
    """``data`` of the media type ``kind`` as an address, so that the page needs no second file."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("styleshift.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = _asset
    return environment


def _shown(value: object) -> object:
    return value if isinstance(value, Markup) else printable(value)


def _asset(name: str) -> Markup:
    """A style or a script of ours, as it is."""
    return Markup(resources.files("styleshift.pages").joinpath("templates", name).read_text("utf-8"))
