"""What all contract checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from styleshift.errors import StyleshiftError
from styleshift.hooks.check import record_problem
from styleshift.hooks.guard import Owner, guarded
from styleshift.hooks.options import build_config
from styleshift.hooks.records import RecordT


class ContractError(AssertionError):
    """A record does not do what the plugin author's guide promises of its kind."""


def require(holds: object, sentence: str) -> None:
    """Raise :class:`ContractError` with ``sentence`` unless ``holds``."""
    if not holds:
        raise ContractError(sentence)


@contextmanager
def contract(what: str) -> Iterator[None]:
    """Whatever a plugin raises within becomes a :class:`ContractError` that begins with ``what``."""
    try:
        yield
    except ContractError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        said = error.message if isinstance(error, StyleshiftError) else str(error).strip()
        raise ContractError(f"{what}: {type(error).__name__}: {said}") from error


class _Author(Owner):
    """Who runs a check: a fault is a broken promise; what is raised, :func:`contract` tells."""

    def fault(self, what: str) -> Exception:
        """See :class:`styleshift.hooks.guard.Owner`."""
        return ContractError(what)

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        """See :class:`styleshift.hooks.guard.Owner`."""
        return function(*given)


def checked(spec: RecordT, record: type[RecordT]) -> RecordT:
    """A record of the kind wanted, with fields that the registry would take, guarded as in every use."""
    require(isinstance(spec, record), f"this is {type(spec).__name__}, not {record.__name__}")
    wrong = record_problem(spec)
    require(not wrong, f"the {record.__name__} {spec.name!r} {wrong}")
    return guarded(spec, _Author("", "", ""))


def built(spec: Any, options: Mapping[str, Any] | None, *given: Any) -> Any:
    """What the record builds with some options set."""
    config = options_of(spec, options)
    with contract("build failed"):
        return spec.build(config, *given)


def options_of(spec: Any, options: Mapping[str, Any] | None) -> Any:
    """The record's config with some options set, as a recipe or a command line sets them."""
    try:
        return build_config(spec.config, options or {}, f"{spec.name!r}")
    except StyleshiftError as error:
        raise ContractError(f"the options of {spec.name!r} cannot be made: {error.message}") from error
