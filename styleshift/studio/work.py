"""The process of one job: ``python -m styleshift.studio.work FOLDER``.

It reads what to do from ``job.json`` in the folder, calls the library, and writes how that goes to
``log.jsonl``. SIGINT asks it to stop in good order.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from styleshift.errors import EXIT_BUG, EXIT_OK, EXIT_SIGINT, StyleshiftError
from styleshift.studio.lines import LinesReporter
from styleshift.system.lines import JsonLines
from styleshift.workspace import Workspace

JOB_FILE = "job.json"
LOG_FILE = "log.jsonl"


def work(folder: Path) -> int:
    """Do a job; returns the exit code."""
    job = json.loads((folder / JOB_FILE).read_text("utf-8"))
    with JsonLines(folder / LOG_FILE, sync=False) as lines:
        reporter = LinesReporter(lines)
        reporter.line("begin", pid=os.getpid())
        code = EXIT_BUG
        try:
            code = _done(job, reporter, folder)
        except KeyboardInterrupt:  # it came before the work, or while an error was put in words
            code = EXIT_SIGINT
        finally:  # whatever a package raises: nobody is to wait for a job that has ended
            reporter.line("end", exit_code=code)
    return code


def _done(job: dict[str, Any], reporter: LinesReporter, folder: Path) -> int:
    from styleshift.hooks.registry import warn_of_plugins
    from styleshift.studio.tasks import TASKS

    try:
        warn_of_plugins(reporter)
        arguments = job["arguments"]
        TASKS[job["kind"]](Workspace(Path(arguments.pop("workspace"))), reporter, **arguments)
    except StyleshiftError as error:
        reporter.line("error", message=error.message, hint=error.hint)
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        message = f"this is a bug in styleshift: {type(error).__name__}: {error}"
        reporter.line("error", message=message, hint=f"please report it with {folder / 'output.txt'}")
        return EXIT_BUG
    return EXIT_OK


if __name__ == "__main__":
    faulthandler.enable()  # a crash outside Python says where, in output.txt
    # Threads that wait must not spin, or a job beside other work comes to a near standstill.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    raise SystemExit(work(Path(sys.argv[1])))
