"""The process of one job: ``python -m styleshift.studio.work FOLDER``.

It reads what to do from ``job.json`` in the folder, calls the library, and writes how that goes to
``log.jsonl``. SIGINT asks it to stop in good order.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from styleshift.errors import EXIT_BUG, EXIT_OK, EXIT_SIGINT, StyleshiftError
from styleshift.studio.lines import LinesReporter
from styleshift.system.lines import JsonLines
from styleshift.workspace import Workspace

JOB_FILE = "job.json"
LOG_FILE = "log.jsonl"


def work(folder: Path) -> int:
    """Do a job; returns the exit code."""
    from styleshift.hooks.registry import warn_of_plugins
    from styleshift.studio.tasks import TASKS

    job = json.loads((folder / JOB_FILE).read_text("utf-8"))
    with JsonLines(folder / LOG_FILE, sync=False) as lines:
        reporter = LinesReporter(lines)
        reporter.line("begin", pid=os.getpid())
        code = EXIT_OK
        try:
            warn_of_plugins(reporter)
            arguments = job["arguments"]
            TASKS[job["kind"]](Workspace(Path(arguments.pop("workspace"))), reporter, **arguments)
        except StyleshiftError as error:
            code = error.exit_code
            reporter.line("error", message=error.message, hint=error.hint)
        except KeyboardInterrupt:
            code = EXIT_SIGINT
        except Exception as error:
            traceback.print_exc()
            code = EXIT_BUG
            message = f"this is a bug in styleshift: {type(error).__name__}: {error}"
            reporter.line("error", message=message, hint=f"please report it with {folder / 'output.txt'}")
        reporter.line("end", exit_code=code)
    return code


if __name__ == "__main__":
    # Threads that wait must not spin, or a job beside other work comes to a near standstill.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    raise SystemExit(work(Path(sys.argv[1])))
