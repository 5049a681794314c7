"""Every error a user can cause: what was wrong, with the value, and what to try.

What of :class:`StyleshiftError` nobody below can answer, ``styleshift.cli`` prints without a traceback, and
ends with ``exit_code``. Anything else that reaches the top is our bug (exit code 1).
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_NOTHING_TO_DO = 10
EXIT_LOCKED = 11
EXIT_SIGINT = 130
EXIT_SIGPIPE = 141
EXIT_SIGTERM = 143


class StyleshiftError(Exception):
    """Base of all user-caused errors.

    Args:
        message: what was wrong, with the value, in one plain line.
        hint: what to try, in one plain line.
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(StyleshiftError, ValueError):
    """A setting is unknown, of the wrong type or out of range."""


class UsageError(StyleshiftError):
    """The arguments of a call or a command do not fit together."""


class NothingToDoError(StyleshiftError):
    """No input, no model, no corpus: there is nothing to work on."""

    exit_code = EXIT_NOTHING_TO_DO


class LockedError(StyleshiftError):
    """Another process holds the lock of this output, corpus or run."""

    exit_code = EXIT_LOCKED


class AudioError(StyleshiftError):
    """One audio file cannot be used; the rest of the library is still converted.

    ``reason`` is a short word for tables and reports: ``unreadable``, ``too short``, ``silent``,
    ``damaged``, ``unsupported``, ``absurd header``, ``not finite``, ``cannot write``,
    ``own`` (styleshift made it).
    """

    exit_code = EXIT_SOME_FAILED

    def __init__(self, message: str, hint: str = "", *, reason: str = "unreadable") -> None:
        super().__init__(message, hint)
        self.reason = reason


class CorpusError(StyleshiftError):
    """A stored corpus is missing, damaged or was made with other settings."""

    exit_code = EXIT_NOTHING_TO_DO


class CheckpointError(StyleshiftError):
    """A checkpoint is missing, damaged or belongs to another recipe."""


class TrainingError(StyleshiftError):
    """Training cannot continue (NaN losses, no data long enough)."""


class BundleError(StyleshiftError):
    """A model file is missing, damaged, from a newer version, or not what it says."""


class MissingModelError(BundleError):
    """There is no such model file."""

    exit_code = EXIT_NOTHING_TO_DO


class ParityError(BundleError):
    """The exported model does not compute what PyTorch computes."""

    exit_code = EXIT_BUG


class PluginError(StyleshiftError):
    """A plugin is missing, clashes with another, or returns something invalid."""
